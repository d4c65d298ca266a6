import type { Reminder } from "../../app/api-types.ts";
import { momentOf } from "../../app/time.ts";
import { Icon } from "../../design/icon.tsx";
import { reminderStatusNames, scheduleInWords } from "./reminder-words.ts";
import { useAction } from "./use-action.ts";
import type { ReminderView, SnoozePreset } from "./use-reminders.ts";

const snoozes: [preset: SnoozePreset, label: string][] = [
  ["10m", "10 minutes"],
  ["1h", "1 hour"],
  ["3h", "3 hours"],
  ["this_evening", "This evening"],
  ["tomorrow", "Tomorrow"],
  ["next_week", "Next week"],
];

interface ReminderRowProps {
  reminder: Reminder;
  zone: string;
  view: ReminderView;
  open: () => void;
}

export function ReminderRow({ reminder, zone, view, open }: ReminderRowProps) {
  const name = <span className="visually-hidden"> {reminder.title}</span>;
  const { run, busy } = useAction();
  const waiting = view === "due" || view === "missed";
  return (
    <article className={`reminder ${view}`}>
      <div className="reminder-words">
        <h3>
          <button type="button" className="reminder-title" onClick={open}>
            <span className="clamp">{reminder.title}</span>
          </button>
          {reminder.priority === "urgent" && <span className="tag bad">Urgent</span>}
        </h3>
        {reminder.next !== null && (
          <p className="reminder-next">
            <time dateTime={reminder.next.at}>{reminder.next.sentence}</time>
            {reminder.next.shiftedBySeconds !== 0 && <span className="tag warn">moved by a clock change</span>}
          </p>
        )}
        {reminder.next === null && (
          <p className="meta">
            {view === "due"
              ? "It has fired and waits for you."
              : view === "upcoming"
                ? "Its time has come; it is about to be sent."
                : `${reminderStatusNames[reminder.status]}, ${momentOf(reminder.updatedAt, zone)}`}
          </p>
        )}
        {reminder.kind !== "once" && <p className="meta">{scheduleInWords(reminder, zone)}</p>}
      </div>
      <div className="row reminder-actions">
        {waiting && (
          <>
            <button
              type="button"
              className="button small primary"
              disabled={busy}
              onClick={() => run({ act: "complete", id: reminder.id })}
            >
              <Icon name="check" /> Done{name}
            </button>
            <Snooze title={reminder.title} snooze={(preset) => run({ act: "snooze", id: reminder.id, preset })} />
          </>
        )}
        {view === "upcoming" && (
          <>
            {reminder.kind !== "once" && (
              <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "skip", id: reminder.id })}>
                Skip<span className="visually-hidden"> the next time of {reminder.title}</span>
              </button>
            )}
            <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "pause", id: reminder.id })}>
              Pause{name}
            </button>
          </>
        )}
        {(view === "paused" || view === "ended") && (
          <button type="button" className="button small" disabled={busy} onClick={() => run({ act: "resume", id: reminder.id })}>
            {view === "paused" ? "Go on" : "Take up again"}
            {name}
          </button>
        )}
      </div>
    </article>
  );
}

/** A native select: it works with every keyboard, phone and screen reader. */
export function Snooze({ title, snooze }: { title: string; snooze: (preset: SnoozePreset) => void }) {
  return (
    <select
      className="button small snooze"
      aria-label={`Snooze ${title}`}
      value=""
      onChange={(event) => {
        const chosen = snoozes.find(([preset]) => preset === event.target.value);
        if (chosen !== undefined) snooze(chosen[0]);
      }}
    >
      <option value="" disabled>
        Snooze
      </option>
      {snoozes.map(([preset, label]) => (
        <option key={preset} value={preset}>
          {label}
        </option>
      ))}
    </select>
  );
}
