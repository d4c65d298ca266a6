import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { MemaClient } from "@mema/api/client";
import type { Fact } from "../../app/api-types.ts";
import { Field } from "../../design/field.tsx";
import { ProblemNote } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";
import type { ScheduleDraft } from "./schedule-form.ts";
import { NumberField, TimeField } from "./schedule-inputs.tsx";

type Dated = Fact & { eventDate: string };
const isDated = (fact: Fact): fact is Dated => fact.eventDate !== null;

/** Facts that have a day, the next to come first; of the newest 500. */
async function datedFacts(client: MemaClient, signal: AbortSignal): Promise<Dated[]> {
  const found: Dated[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < 5; page++) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const { items, nextCursor } = await client.facts.list.query({ cursor, limit: 100 }, { signal });
    found.push(...items.filter(isDated));
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return found.toSorted((a, b) => a.eventDate.localeCompare(b.eventDate));
}

interface AnchorFieldsProps {
  draft: ScheduleDraft;
  set: (changes: Partial<ScheduleDraft>) => void;
}

/** "Three days before Dima's birthday": it moves when the day is corrected. */
export function AnchorFields({ draft, set }: AnchorFieldsProps) {
  const client = useMema();
  const facts = useQuery({ queryKey: ["facts", "dated"], queryFn: ({ signal }) => datedFacts(client, signal) });
  if (facts.isPending) return <span className="skeleton half" />;
  if (facts.isError) return <ProblemNote error={facts.error} retry={() => void facts.refetch()} />;
  if (facts.data.length === 0) {
    return (
      <p className="note">
        Nothing with a day is remembered yet. Say “Remember that Dima's birthday is on 14 March” in <Link to="/">Talk</Link>, or give a fact
        its day in <Link to="/memory">Memory</Link>.
      </p>
    );
  }
  return (
    <>
      <Field label="Which day?" hint="The reminder moves when this day is corrected.">
        {(control) => (
          <select {...control} required value={draft.factId} onChange={(event) => set({ factId: event.target.value })}>
            <option value="" disabled>
              Choose what it hangs on
            </option>
            {facts.data.map((fact) => (
              <option key={fact.id} value={fact.id}>
                {fact.content} ({fact.eventDate})
              </option>
            ))}
          </select>
        )}
      </Field>
      <div className="fields">
        <NumberField label="Days before" value={draft.daysBefore} min={0} max={365} set={(daysBefore) => set({ daysBefore })} />
        <TimeField value={draft.time} set={(time) => set({ time })} />
      </div>
      <label className="check">
        <input type="checkbox" checked={draft.yearly} onChange={(event) => set({ yearly: event.target.checked })} />
        <span>
          Every year<span className="hint block">For birthdays and anniversaries.</span>
        </span>
      </label>
    </>
  );
}
