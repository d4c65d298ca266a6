import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Entity, Fact } from "../../app/api-types.ts";
import { PageHead } from "../../app/shell.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { WindowList } from "../../design/window-list.tsx";
import { FactRow } from "../facts/fact-list.tsx";
import { useFactList } from "../facts/use-facts.ts";
import { useMe, useMema } from "../session/session.tsx";
import { DeleteEntityDialog } from "./delete-entity-dialog.tsx";
import { EditEntity } from "./edit-entity.tsx";
import { ForgetDialog } from "./forget-dialog.tsx";
import { MergeDialog } from "./merge-dialog.tsx";
import { entityTypeNames, useEntity } from "./use-entities.ts";
import "../facts/facts.css";
import "./entities.css";

const route = getRouteApi("/people/$entityId");
const keyOf = ({ id }: Fact) => id;

/** One person or thing and everything that is known about it. */
export function EntityPage() {
  const { entityId } = route.useParams();
  const entity = useEntity(entityId);
  return (
    <>
      <p className="crumb">
        <Link to="/people">People and things</Link>
      </p>
      {entity.isPending && <Skeletons label="the entry" rows={2} />}
      {entity.isError && <ProblemNote error={entity.error} retry={() => void entity.refetch()} />}
      {entity.isSuccess && <Known key={entity.data.id} entity={entity.data} />}
    </>
  );
}

function Known({ entity }: { entity: Entity }) {
  const navigate = useNavigate();
  const { zone } = useMe();
  const [open, setOpen] = useState<"edit" | "merge" | "delete" | "forget" | null>(null);
  const facts = useFactList({ entityId: entity.id });
  const items = facts.data?.pages.flatMap((page) => page.items) ?? [];
  const more = facts.hasNextPage && !facts.isFetchingNextPage ? () => void facts.fetchNextPage() : null;
  const close = () => setOpen(null);
  const leave = () => void navigate({ to: "/people" });

  return (
    <>
      <PageHead
        title={entity.canonicalName}
        actions={
          <div className="row">
            <button type="button" className="button small" onClick={() => setOpen("edit")}>
              Rename
            </button>
            <button type="button" className="button small" onClick={() => setOpen("merge")}>
              Merge
            </button>
            <button type="button" className="button small" onClick={() => setOpen("delete")}>
              Delete entry
            </button>
            <button type="button" className="button small danger" onClick={() => setOpen("forget")}>
              Forget everything
            </button>
          </div>
        }
      >
        {entityTypeNames[entity.type]}
        {entity.aliases.length > 0 && `, also called ${entity.aliases.join(", ")}`}
      </PageHead>
      {entity.description !== null && <p>{entity.description}</p>}
      <section className="section" aria-labelledby="entity-facts">
        <h2 id="entity-facts">What is known</h2>
        {facts.isPending && <Skeletons label="facts" />}
        {facts.isError && <ProblemNote error={facts.error} retry={() => void facts.refetch()} />}
        {facts.isSuccess && items.length === 0 && <p className="hint">No fact names {entity.canonicalName} at present.</p>}
        {items.length > 0 && (
          <WindowList label={`Facts about ${entity.canonicalName}`} items={items} keyOf={keyOf} estimate={76} more={more}>
            {(fact) => <FactRow fact={fact} zone={zone} />}
          </WindowList>
        )}
      </section>
      <EntityReminders entity={entity} />
      {open === "edit" && <EditEntity entity={entity} onClose={close} />}
      {open === "merge" && (
        <MergeDialog
          entity={entity}
          onClose={close}
          onMerged={(into) => void navigate({ to: "/people/$entityId", params: { entityId: into } })}
        />
      )}
      {open === "delete" && <DeleteEntityDialog entity={entity} onClose={close} onDeleted={leave} />}
      {open === "forget" && <ForgetEntity entity={entity} onClose={close} onForgotten={leave} />}
    </>
  );
}

function EntityReminders({ entity }: { entity: Entity }) {
  const client = useMema();
  const reminders = useQuery({
    queryKey: ["reminders", "of-entity", entity.id],
    queryFn: ({ signal }) => client.reminders.list.query({ entityId: entity.id, limit: 20 }, { signal }),
  });
  if (!reminders.isSuccess || reminders.data.items.length === 0) return null;
  return (
    <section className="section" aria-labelledby="entity-reminders">
      <h2 id="entity-reminders">Reminders</h2>
      <ul className="panel-list">
        {reminders.data.items.map((reminder) => (
          <li key={reminder.id}>
            <Link to="/reminders" search={{ open: reminder.id }} className="plain-link">
              {reminder.title}
            </Link>
            <p className="meta">{reminder.next?.sentence ?? reminder.status}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ForgetEntity({ entity, onClose, onForgotten }: { entity: Entity; onClose: () => void; onForgotten: () => void }) {
  const client = useMema();
  const preview = useQuery({
    queryKey: ["entities", "forget-preview", entity.id],
    queryFn: ({ signal }) => client.entities.previewForget.query({ entityId: entity.id }, { signal }),
    gcTime: 0,
  });
  return (
    <ForgetDialog what={entity.canonicalName} preview={preview.data} error={preview.error} onClose={onClose} onForgotten={onForgotten} />
  );
}
