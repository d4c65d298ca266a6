import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Reminder } from "../../app/api-types.ts";
import { momentOf } from "../../app/time.ts";
import { Dialog } from "../../design/dialog.tsx";
import { ProblemNote, Skeletons } from "../../design/states.tsx";
import { useMema } from "../session/session.tsx";
import { ChangeList } from "./change-list.tsx";
import { DeliveryList } from "./delivery-list.tsx";
import { EditOccurrence } from "./edit-occurrence.tsx";
import { Snooze } from "./reminder-row.tsx";
import { occurrenceStatusNames, reminderStatusNames, scheduleInWords } from "./reminder-words.ts";
import type { Timing } from "./schedule-form.ts";
import { Timeline } from "./timeline.tsx";
import { useAction } from "./use-action.ts";

/** Everything about one reminder: when it fires next, what became of each time, what was sent and how that went. */
export function ReminderDrawer({ id, zone, onClose }: { id: string; zone: string; onClose: () => void }) {
  const client = useMema();
  const reminder = useQuery({
    queryKey: ["reminders", "one", id],
    queryFn: ({ signal }) => client.reminders.byId.query({ id }, { signal }),
  });
  return (
    <Dialog title={reminder.data?.title ?? "Reminder"} form="drawer" onClose={onClose}>
      {reminder.isPending && <Skeletons label="the reminder" rows={2} />}
      {reminder.isError && <ProblemNote error={reminder.error} />}
      {reminder.isSuccess && <Details reminder={reminder.data} zone={zone} onClose={onClose} />}
    </Dialog>
  );
}

function Details({ reminder, zone, onClose }: { reminder: Reminder; zone: string; onClose: () => void }) {
  const client = useMema();
  const { run, busy } = useAction();
  const [deleting, setDeleting] = useState(false);
  const [editing, setEditing] = useState(false);
  const { id } = reminder;
  const live = reminder.status === "active";
  const history = useQuery({
    queryKey: ["reminders", "history", id],
    queryFn: ({ signal }) => client.reminders.history.query({ id, limit: 20 }, { signal }),
  });

  return (
    <>
      <div>
        <p className="row">
          <span className={live ? "tag good" : "tag"}>{reminderStatusNames[reminder.status]}</span>
          {reminder.statusReason !== null && <span className="meta">{reminder.statusReason.replaceAll("_", " ")}</span>}
        </p>
        <p>{scheduleInWords(reminder, zone)}</p>
        {reminder.notes !== null && <p className="verbatim">{reminder.notes}</p>}
        {reminder.anchorFactId !== null && (
          <p>
            <Link to="/memory" search={{ fact: reminder.anchorFactId }}>
              The day it hangs on
            </Link>
          </p>
        )}
      </div>
      <div className="row">
        {live && (
          <>
            <button type="button" className="button small primary" disabled={busy} onClick={() => run({ act: "complete", id })}>
              Done
            </button>
            <Snooze title={reminder.title} snooze={(preset) => run({ act: "snooze", id, preset })} />
            {reminder.kind !== "once" && (
              <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "skip", id })}>
                Skip the next
              </button>
            )}
            <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "pause", id })}>
              Pause
            </button>
          </>
        )}
        {!live && (
          <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "resume", id })}>
            {reminder.status === "paused" ? "Go on" : "Take up again"}
          </button>
        )}
        {(live || reminder.status === "paused") && (
          <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "cancel", id })}>
            Cancel it
          </button>
        )}
        <button type="button" className="button small danger" onClick={() => setDeleting(true)}>
          Delete…
        </button>
      </div>
      {deleting && (
        <div className="card stack" role="group" aria-label="Delete this reminder">
          <p>The reminder goes with its whole history, for good.</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setDeleting(false)}>
              Keep it
            </button>
            <button type="button" className="button danger" disabled={busy} onClick={() => run({ act: "delete", id }, onClose)}>
              Delete
            </button>
          </div>
        </div>
      )}
      {live && <Upcoming reminder={reminder} zone={zone} />}
      {live && !editing && reminder.upcoming.length > 0 && (
        <div className="row">
          <button type="button" className="button small" onClick={() => setEditing(true)}>
            Change one time…
          </button>
        </div>
      )}
      {editing && <EditOccurrence key={reminder.version} reminder={reminder} onClose={() => setEditing(false)} />}
      <section>
        <h3>What became of it</h3>
        {history.isPending && <span className="skeleton half" />}
        {history.isError && <ProblemNote error={history.error} />}
        {history.isSuccess && history.data.items.length === 0 && <p className="hint">It has not fired yet.</p>}
        <ul className="stack tight">
          {history.data?.items.map((occurrence) => (
            <li key={occurrence.id} className="row apart">
              <span>
                <time dateTime={occurrence.occurrenceAt}>{momentOf(occurrence.occurrenceAt, zone)}</time>
                {occurrence.missedBefore > 0 && <span className="meta"> stands for {occurrence.missedBefore} earlier ones</span>}
                {occurrence.snoozedUntil !== null && <span className="meta"> until {momentOf(occurrence.snoozedUntil, zone)}</span>}
              </span>
              <span
                className={`tag ${{ missed: "bad", fired: "warn", due: "warn", completed: "good" }[occurrence.status as string] ?? ""}`}
              >
                {occurrenceStatusNames[occurrence.status]}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <ChangeList id={id} zone={zone} />
      <section>
        <h3>Deliveries</h3>
        <DeliveryList filters={{ reminderId: id }} zone={zone} empty="Nothing was sent yet." />
      </section>
    </>
  );
}

/** What to ask the preview for, so that it shows this reminder's own times; null when it has no rule to go on. */
function timingOf(reminder: Reminder): Timing | null {
  const { kind, dtstartLocal, rrule, tz, intervalSeconds, rdatesLocal, exdatesLocal, gapPolicy, overlapPolicy } = reminder;
  const zone = tz === null ? {} : { tz };
  if (kind === "recurring" && rrule !== null) return { rrule, dtstartLocal, rdatesLocal, exdatesLocal, gapPolicy, overlapPolicy, ...zone };
  if (kind === "interval" && intervalSeconds !== null) return { every: { seconds: intervalSeconds }, dtstartLocal, ...zone };
  return null;
}

function Upcoming({ reminder, zone }: { reminder: Reminder; zone: string }) {
  const client = useMema();
  const timing = timingOf(reminder);
  const limited = reminder.untilAt !== null || reminder.countTotal !== null || reminder.repeatFrom === "completion";
  const preview = useQuery({
    queryKey: ["reminders", "preview", timing],
    queryFn: ({ signal }) => client.reminders.preview.query({ ...timing, limit: 12 }, { signal }),
    enabled: timing !== null && !limited,
  });
  const first = reminder.next === null ? Number.NEGATIVE_INFINITY : Date.parse(reminder.next.at);
  const planned = preview.data?.occurrences.filter(({ at }) => Date.parse(at) >= first) ?? [];
  const moments = planned.length > 0 ? planned : reminder.upcoming;
  return (
    <section>
      <h3>Next times</h3>
      {moments.length === 0 ? <p className="hint">It does not fire again.</p> : <Timeline moments={moments} tz={reminder.tz ?? zone} />}
    </section>
  );
}
