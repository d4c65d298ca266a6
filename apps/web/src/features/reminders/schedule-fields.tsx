import { useId } from "react";
import { AnchorFields } from "./anchor-fields.tsx";
import type { Frequency, ScheduleDraft, Way } from "./schedule-form.ts";
import { NumberField, TimeField } from "./schedule-inputs.tsx";
import { Field } from "../../design/field.tsx";

const ways: [way: Way, label: string][] = [
  ["once", "At a time"],
  ["after", "After a while"],
  ["repeat", "Repeating"],
  ["every", "Every so often"],
  ["before", "Before a day"],
];

const frequencies: [frequency: Frequency, label: string][] = [
  ["DAILY", "Every day"],
  ["WEEKDAYS", "Every weekday (Mon to Fri)"],
  ["WEEKLY", "Every week"],
  ["MONTHLY", "Every month"],
  ["YEARLY", "Every year"],
];

interface ScheduleFieldsProps {
  draft: ScheduleDraft;
  setDraft: (draft: ScheduleDraft) => void;
  userZone: string;
}

export function ScheduleFields({ draft, setDraft, userZone }: ScheduleFieldsProps) {
  const id = useId();
  const set = (changes: Partial<ScheduleDraft>) => setDraft({ ...draft, ...changes });
  const onTheClock = draft.way === "once" || draft.way === "repeat";
  return (
    <>
      <div className="field">
        <span className="legend" id={`${id}-way`}>
          When?
        </span>
        <div className="choice" role="group" aria-labelledby={`${id}-way`}>
          {ways.map(([way, label]) => (
            <button key={way} type="button" aria-pressed={draft.way === way} onClick={() => set({ way })}>
              {label}
            </button>
          ))}
        </div>
      </div>
      {draft.way === "repeat" && (
        <Field label="How often?">
          {(control) => (
            <select {...control} value={draft.frequency} onChange={(event) => set({ frequency: event.target.value as Frequency })}>
              {frequencies.map(([frequency, label]) => (
                <option key={frequency} value={frequency}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {draft.way === "before" && <AnchorFields draft={draft} set={set} />}
      {onTheClock && (
        <div className="fields">
          <Field label={draft.way === "repeat" ? "From" : "Day"}>
            {(control) => (
              <input {...control} type="date" required value={draft.day} onChange={(event) => set({ day: event.target.value })} />
            )}
          </Field>
          <TimeField value={draft.time} set={(time) => set({ time })} />
        </div>
      )}
      {(draft.way === "after" || draft.way === "every") && (
        <div className="fields">
          <NumberField
            label={draft.way === "after" ? "In" : "Every"}
            value={draft.amount}
            min={1}
            max={10_000}
            set={(amount) => set({ amount })}
          />
          <Field label="Unit">
            {(control) => (
              <select {...control} value={draft.unit} onChange={(event) => set({ unit: event.target.value as ScheduleDraft["unit"] })}>
                <option value="minutes">minutes</option>
                <option value="hours">hours</option>
                <option value="days">days</option>
              </select>
            )}
          </Field>
        </div>
      )}
      {onTheClock && (
        <Field label="On the clock of">
          {(control) => (
            <select {...control} value={draft.tz} onChange={(event) => set({ tz: event.target.value })}>
              <option value="">wherever I am (now {userZone})</option>
              {Intl.supportedValuesOf("timeZone").map((zone) => (
                <option key={zone} value={zone}>
                  {zone}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </>
  );
}
