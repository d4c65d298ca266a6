import type { Delivery, Occurrence, Reminder, ReminderChange } from "../../app/api-types.ts";

export const reminderStatusNames: Record<Reminder["status"], string> = {
  active: "Active",
  paused: "Paused",
  completed: "Done",
  cancelled: "Cancelled",
  expired: "Over",
  error: "Broken",
};

export const occurrenceStatusNames: Record<Occurrence["status"], string> = {
  upcoming: "to come",
  due: "due",
  fired: "fired",
  acknowledged: "seen",
  snoozed: "snoozed",
  completed: "done",
  skipped: "skipped",
  missed: "missed",
  cancelled: "cancelled",
};

export const changeNames: Record<ReminderChange["action"], string> = {
  updated: "Changed",
  occurrence_updated: "One time changed",
  snoozed: "Snoozed",
  completed: "Done",
  acknowledged: "Seen",
  skipped: "One time left out",
  cancelled: "Cancelled",
  paused: "Paused",
  resumed: "Went on",
  reopened: "Taken up again",
  moved_with_fact: "Moved with its day",
};

interface DeliveryWords {
  name: string;
  tone: "" | "good" | "warn" | "bad";
  meaning: string;
}

/** What each state of a delivery means for the person who waits for it. */
export const deliveryWords: Record<Delivery["status"], DeliveryWords> = {
  pending: { name: "waiting", tone: "", meaning: "It is sent when its time comes." },
  sending: { name: "being sent", tone: "", meaning: "A worker is sending it now." },
  sent: { name: "sent", tone: "good", meaning: "It was sent and accepted." },
  delivered: { name: "delivered", tone: "good", meaning: "It has arrived." },
  failed: { name: "failed", tone: "bad", meaning: "It could not be sent in time." },
  dead: { name: "given up", tone: "bad", meaning: "The receiver refused it for good." },
  cancelled: { name: "cancelled", tone: "", meaning: "It was not needed any more." },
  suppressed: { name: "held back", tone: "warn", meaning: "Quiet hours or a limit kept it from being sent." },
  unknown: { name: "unknown", tone: "warn", meaning: "It was sent, but no answer came: it may have arrived or not." },
};

const frequencies: Record<string, [every: string, unit: string]> = {
  DAILY: ["every day", "days"],
  WEEKLY: ["every week", "weeks"],
  MONTHLY: ["every month", "months"],
  YEARLY: ["every year", "years"],
};
const dayNames: Record<string, string> = { MO: "Mon", TU: "Tue", WE: "Wed", TH: "Thu", FR: "Fri", SA: "Sat", SU: "Sun" };

function ruleInWords(rrule: string): string {
  const parts = new Map(
    rrule
      .replace(/^RRULE:/i, "")
      .split(";")
      .map((part): [string, string] => {
        const [name = "", value = ""] = part.split("=");
        return [name.toUpperCase(), value];
      }),
  );
  const [every, unit] = frequencies[parts.get("FREQ") ?? ""] ?? ["by a rule", ""];
  const interval = Number(parts.get("INTERVAL") ?? 1);
  const days = parts.get("BYDAY");
  if (days === "MO,TU,WE,TH,FR" && interval === 1) return "every weekday";
  const named = days?.split(",").map((day) => dayNames[day] ?? day);
  return `${interval > 1 ? `every ${interval} ${unit}` : every}${named === undefined ? "" : ` on ${named.join(", ")}`}`;
}

function lengthInWords(seconds: number): string {
  for (const [size, name] of [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ] as const) {
    if (seconds % size === 0) return seconds === size ? `every ${name}` : `every ${seconds / size} ${name}s`;
  }
  return `every ${seconds} seconds`;
}

/** "every weekday at 08:30, Europe/Berlin". The zone is the reminder's own, or the user's that it follows. */
export function scheduleInWords(reminder: Reminder, userZone: string): string {
  const zone = reminder.tz ?? `${userZone} (moves with you)`;
  const at = `at ${reminder.dtstartLocal.slice(11, 16)}, ${zone}`;
  switch (reminder.kind) {
    case "once":
      return `once, ${reminder.dtstartLocal.slice(0, 10)} ${at}`;
    case "recurring":
      return reminder.rrule === null ? `on ${reminder.rdatesLocal.length} days ${at}` : `${ruleInWords(reminder.rrule)} ${at}`;
    case "interval":
      return `${lengthInWords(reminder.intervalSeconds ?? 0)} of elapsed time`;
    case "fact_relative":
      return `${offsetInWords(reminder.anchorOffset ?? "P0D")} a remembered day${reminder.rrule === null ? "" : ", every year"} ${at}`;
    default:
      return reminder.kind satisfies never;
  }
}

function offsetInWords(iso: string): string {
  const [, days = "", unit = ""] = /^-?P(\d+)([DWM])$/.exec(iso) ?? [];
  const name = { D: "day", W: "week", M: "month" }[unit];
  if (name === undefined || days === "0") return "on";
  return `${days} ${name}${days === "1" ? "" : "s"} before`;
}
