import { type FormEvent, useState } from "react";
import type { Entity } from "../../app/api-types.ts";
import { Dialog } from "../../design/dialog.tsx";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useSay } from "../../design/toasts.tsx";
import { entityTypeNames, useUpdateEntity } from "./use-entities.ts";

export function EditEntity({ entity, onClose }: { entity: Entity; onClose: () => void }) {
  const update = useUpdateEntity(entity);
  const say = useSay();
  const [canonicalName, setName] = useState(entity.canonicalName);
  const [aliases, setAliases] = useState(entity.aliases.join(", "));
  const [type, setType] = useState(entity.type);
  const [description, setDescription] = useState(entity.description ?? "");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const changes = {
      canonicalName: canonicalName.trim(),
      aliases: aliases
        .split(",")
        .map((alias) => alias.trim())
        .filter((alias) => alias !== ""),
      type,
      description: description.trim() === "" ? null : description.trim(),
    };
    update.mutate(changes, {
      onSuccess: () => {
        say("Saved.");
        onClose();
      },
    });
  };

  return (
    <Dialog title={`Rename ${entity.canonicalName}`} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Name">
          {(control) => (
            <input {...control} required maxLength={200} value={canonicalName} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <Field label="Other names, with commas between them">
          {(control) => <input {...control} value={aliases} onChange={(event) => setAliases(event.target.value)} />}
        </Field>
        <Field label="Kind">
          {(control) => (
            <select {...control} value={type} onChange={(event) => setType(event.target.value as Entity["type"])}>
              {Object.entries(entityTypeNames).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="In a sentence">
          {(control) => (
            <textarea {...control} maxLength={4_000} value={description} onChange={(event) => setDescription(event.target.value)} />
          )}
        </Field>
        {update.isError && <ProblemNote error={update.error} />}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={update.isPending || canonicalName.trim() === ""}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
