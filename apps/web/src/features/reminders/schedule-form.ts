import type { useMema } from "../session/session.tsx";

export type Timing = Omit<Parameters<ReturnType<typeof useMema>["reminders"]["preview"]["query"]>[0], "limit">;

export type Way = "once" | "after" | "repeat" | "every" | "before";
export type Frequency = "DAILY" | "WEEKDAYS" | "WEEKLY" | "MONTHLY" | "YEARLY";

export interface ScheduleDraft {
  way: Way;
  /** "2026-11-23" */
  day: string;
  /** "08:30" */
  time: string;
  amount: number;
  unit: "minutes" | "hours" | "days";
  frequency: Frequency;
  /** The fact whose day it hangs on, and how many days before it; `yearly` for a birthday. */
  factId: string;
  daysBefore: number;
  yearly: boolean;
  /** An IANA zone of its own; empty follows the user's. */
  tz: string;
}

const unitSeconds = { minutes: 60, hours: 3_600, days: 86_400 } as const;
const isoUnit = { minutes: ["PT", "M"], hours: ["PT", "H"], days: ["P", "D"] } as const;

/** What the form means to the API; null while something is missing. */
export function timingOf(draft: ScheduleDraft): Timing | null {
  const tz = draft.tz === "" ? {} : { tz: draft.tz };
  const amount = Math.trunc(draft.amount);
  switch (draft.way) {
    case "once":
      return draft.day === "" || draft.time === "" ? null : { at: { local: `${draft.day}T${draft.time}:00`, ...tz } };
    case "after": {
      const [before, after] = isoUnit[draft.unit];
      return amount >= 1 ? { in: `${before}${amount}${after}` } : null;
    }
    case "every":
      return amount >= 1 ? { every: { seconds: amount * unitSeconds[draft.unit] }, ...tz } : null;
    case "repeat": {
      if (draft.day === "" || draft.time === "") return null;
      const rrule = draft.frequency === "WEEKDAYS" ? "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" : `FREQ=${draft.frequency}`;
      return { rrule, dtstartLocal: `${draft.day}T${draft.time}:00`, ...tz };
    }
    case "before": {
      const days = Math.trunc(draft.daysBefore);
      if (draft.factId === "" || draft.time === "" || !(days >= 0)) return null;
      return { beforeFact: { factId: draft.factId, offset: `P${days}D`, time: draft.time, yearly: draft.yearly } };
    }
    default:
      return draft.way satisfies never;
  }
}
