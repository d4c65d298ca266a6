import { useDeferredValue, useState } from "react";
import type { Entity } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { entityTypeNames, useEntityList, useMergeEntities } from "./use-entities.ts";

interface MergeDialogProps {
  entity: Entity;
  onClose: () => void;
  onMerged: (intoId: string) => void;
}

/** Two entries for the same person or thing become one. */
export function MergeDialog({ entity, onClose, onMerged }: MergeDialogProps) {
  const [words, setWords] = useState("");
  const [into, setInto] = useState<Entity | null>(null);
  const search = useDeferredValue(words.trim());
  const list = useEntityList({ search: search === "" ? undefined : search });
  const merge = useMergeEntities();
  const say = useSay();
  const others = (list.data?.pages.flatMap((page) => page.items) ?? []).filter((each) => each.id !== entity.id).slice(0, 8);

  return (
    <Dialog title={`Merge ${entity.canonicalName}`} onClose={onClose}>
      <Field label="Who or what is the same?">
        {(control) => (
          <input
            {...control}
            type="search"
            placeholder="Beginning of a name"
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        )}
      </Field>
      <ul className="pick-list" aria-label="Entries">
        {others.map((other) => (
          <li key={other.id}>
            <button type="button" aria-pressed={into?.id === other.id} onClick={() => setInto(other)}>
              {other.canonicalName} <span className="meta">{entityTypeNames[other.type]}</span>
            </button>
          </li>
        ))}
        {list.isSuccess && others.length === 0 && <li className="hint">No other entry by that name.</li>}
      </ul>
      {into !== null && (
        <p>
          All facts and reminders of <strong>{entity.canonicalName}</strong> move to <strong>{into.canonicalName}</strong>, which keeps both
          names.
        </p>
      )}
      {merge.isError && <ProblemNote error={merge.error} />}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button primary"
          disabled={into === null || merge.isPending}
          onClick={() =>
            into !== null &&
            merge.mutate(
              { intoId: into.id, fromId: entity.id },
              {
                onSuccess: () => {
                  say(`${entity.canonicalName} is now a part of ${into.canonicalName}.`);
                  onMerged(into.id);
                },
              },
            )
          }
        >
          Merge
        </button>
      </div>
    </Dialog>
  );
}
