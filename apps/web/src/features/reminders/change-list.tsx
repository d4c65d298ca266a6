import { useQuery } from "@tanstack/react-query";
import { momentOf, presentMs } from "../../app/time.ts";
import { ProblemNote } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";
import { changeNames } from "./reminder-words.ts";
import { useUndo } from "./use-action.ts";

/** What was done with a reminder, the newest first; the last of it can be taken back. */
export function ChangeList({ id, zone }: { id: string; zone: string }) {
  const client = useMema();
  const undo = useUndo();
  const changes = useQuery({
    queryKey: ["reminders", "changes", id],
    queryFn: ({ signal }) => client.reminders.changes.query({ id, limit: 20 }, { signal }),
  });
  if (changes.isError) return <ProblemNote error={changes.error} />;
  const items = changes.data?.items ?? [];
  if (items.length === 0) return null;
  const undoable = items.find(({ undoneAt, undoableUntil }) => undoneAt === null && Date.parse(undoableUntil ?? "") > presentMs());
  return (
    <section>
      <h3>What was done with it</h3>
      <ul className="stack tight">
        {items.map((change) => (
          <li key={change.id} className="row apart">
            <span>
              {changeNames[change.action]} <span className="meta">{momentOf(change.changedAt, zone)}</span>
            </span>
            {change.undoneAt !== null && <span className="tag">taken back</span>}
            {change === undoable && (
              <button type="button" className="button small" aria-label={`Undo: ${changeNames[change.action]}`} onClick={() => undo(id)}>
                Undo
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
