import type { Reminder, ReminderAlert } from "@mema/db";
import { nextOccurrence, type Occurrence, occurrences, type OccurrenceStatus, type Schedule } from "@mema/shared";

/** Occurrences become rows this long before their first alert, so that at the time itself only the send is left to do. */
export const materialiseAheadSeconds = 60;
/** With misfire "skip", an occurrence is on time up to this lateness. */
const onTimeSeconds = 60;
/** Rows kept for what downtime swallowed; more are only counted. */
const maxMissedRows = 100;
const page = 1000;

/** The tz database that this process computes with, "2026a". */
export const presentTzdata = (): string => process.versions.tz ?? "unknown";

export interface PlannedOccurrence {
  at: Date;
  shiftedBySeconds: number;
  status: Extract<OccurrenceStatus, "upcoming" | "due" | "missed" | "skipped">;
  missedBefore: number;
}

/** What looking at a reminder's rule at one moment leads to. */
export interface ReminderPlan extends Cursor {
  occurrences: PlannedOccurrence[];
}

/** Where a reminder stands: its next occurrence, the first one that is not a row yet, and when to look at it again. */
export interface Cursor {
  nextOccurrenceAt: Date | null;
  expandFromAt: Date | null;
  nextWakeAt: Date | null;
}

/** The part of a reminder that decides when it comes due. */
export type ReminderRule = Pick<
  Reminder,
  | "kind"
  | "dtstartLocal"
  | "tz"
  | "rrule"
  | "rdatesLocal"
  | "exdatesLocal"
  | "untilAt"
  | "countTotal"
  | "intervalSeconds"
  | "gapPolicy"
  | "overlapPolicy"
  | "anchorDate"
  | "anchorOffset"
>;

/** The schedule of a reminder; one without a zone is in its user's. */
export function scheduleOf(rule: ReminderRule, userZone: string): Schedule {
  const { kind, rrule, intervalSeconds, anchorDate, anchorOffset } = rule;
  const yearly = kind === "fact_relative" && rrule !== null && anchorDate !== null && anchorOffset !== null;
  return {
    kind: kind === "fact_relative" ? (rrule === null ? "once" : "recurring") : kind,
    anniversary: yearly ? { date: anchorDate, offset: anchorOffset, time: timeOnTheDay(rule.dtstartLocal, anchorOffset) } : null,
    dtstartLocal: rule.dtstartLocal,
    tz: rule.tz ?? userZone,
    rrule: yearly ? null : rrule,
    rdatesLocal: rule.rdatesLocal,
    exdatesLocal: rule.exdatesLocal,
    untilAt: rule.untilAt,
    countTotal: rule.countTotal,
    intervalSeconds,
    gapPolicy: rule.gapPolicy,
    overlapPolicy: rule.overlapPolicy,
  };
}

/** The time of day of a fact's date from which an offset leads to a wall clock. */
export const timeOnTheDay = (local: string, offset: string): string =>
  Temporal.PlainDateTime.from(local).subtract(Temporal.Duration.from(offset)).toPlainTime().toString({ smallestUnit: "second" });

/** The longest lead time of a reminder's alerts, in seconds; 0 without alerts. */
export const longestLead = (alerts: readonly Pick<ReminderAlert, "offsetSeconds">[]): number =>
  Math.max(0, ...alerts.map(({ offsetSeconds }) => offsetSeconds));

/** A reminder whose next occurrence is `at` and not a row yet. The worker looks at it before that occurrence's first alert. */
export const cursorAt = (at: Date | null, leadSeconds: number): Cursor => ({
  nextOccurrenceAt: at,
  expandFromAt: at,
  nextWakeAt: wakeBefore(at, leadSeconds),
});

/** The cursor of a reminder that is over or out of action. */
export const noCursor: Cursor = { nextOccurrenceAt: null, expandFromAt: null, nextWakeAt: null };

const wakeBefore = (at: Date | null, leadSeconds: number): Date | null =>
  at === null ? null : new Date(at.getTime() - (leadSeconds + materialiseAheadSeconds) * 1000);

/** The next occurrence after `now` of a reminder whose rule goes on by itself. */
export const nextFrom = (rule: ReminderRule, userZone: string, now: Date): Date | null =>
  nextOccurrence(scheduleOf(rule, userZone), now)?.at ?? null;

/** The occurrence that follows a completion, for reminders that repeat from it; null when the count is reached or the rule is over. */
export function nextAfterCompletion(
  reminder: ReminderRule & Pick<Reminder, "firedCount">,
  userZone: string,
  completedAt: Date,
): Date | null {
  const { kind, intervalSeconds, countTotal, untilAt, firedCount } = reminder;
  if (countTotal !== null && firedCount >= countTotal) return null;
  if (kind !== "interval" || intervalSeconds === null) {
    return nextOccurrence({ ...scheduleOf(reminder, userZone), countTotal: null }, completedAt)?.at ?? null;
  }
  const at = new Date(completedAt.getTime() + intervalSeconds * 1000);
  return untilAt !== null && at.getTime() > untilAt.getTime() ? null : at;
}

/**
 * What to materialise of a reminder at `now`, and when to look again. Everything up to the horizon (now, the longest lead and
 * `materialiseAheadSeconds`) is decided here once: of what is late, the misfire policy fires the latest, all or none, and nothing later
 * than the grace; a silent user's are skipped. Throws BAD_REQUEST when the stored rule cannot be expanded.
 */
export function planReminder(
  reminder: ReminderRule & Pick<Reminder, "nextOccurrenceAt" | "expandFromAt" | "repeatFrom" | "misfire" | "misfireGraceSeconds">,
  { userZone, leadSeconds, now, silent }: { userZone: string; leadSeconds: number; now: Date; silent: boolean },
): ReminderPlan {
  const first = reminder.expandFromAt;
  if (first === null) return { occurrences: [], nextOccurrenceAt: reminder.nextOccurrenceAt, expandFromAt: null, nextWakeAt: null };
  const schedule = scheduleOf(reminder, userZone);
  const horizon = silent ? now : new Date(now.getTime() + (leadSeconds + materialiseAheadSeconds) * 1000);
  const fromCompletion = reminder.repeatFrom === "completion";
  const { found, older } = fromCompletion
    ? { found: first.getTime() <= horizon.getTime() ? [{ at: first, shiftedBySeconds: 0 }] : [], older: 0 }
    : between(schedule, first, horizon, new Date(now.getTime() - reminder.misfireGraceSeconds * 1000));
  const past = found.filter(({ at }) => at.getTime() <= now.getTime());
  const future = found
    .slice(past.length)
    .map(({ at, shiftedBySeconds }) => ({ at, shiftedBySeconds, status: "upcoming" as const, missedBefore: 0 }));
  const unexpanded = fromCompletion ? (found.length === 0 ? first : null) : nextFrom(reminder, userZone, horizon);
  return {
    occurrences: [...planPast(past, older, reminder, now, silent), ...future],
    nextOccurrenceAt: future[0]?.at ?? unexpanded,
    expandFromAt: unexpanded,
    nextWakeAt: silent ? unexpanded : wakeBefore(unexpanded, leadSeconds),
  };
}

/** Occurrences from `first` to `horizon`; of those before `oldest` only how many there were (up to a page of them). */
function between(
  schedule: Schedule,
  first: Date,
  horizon: Date,
  oldest: Date,
): { found: Pick<Occurrence, "at" | "shiftedBySeconds">[]; older: number } {
  if (first.getTime() > horizon.getTime()) return { found: [], older: 0 };
  const start = new Date(Math.max(first.getTime(), oldest.getTime()));
  const older =
    start.getTime() > first.getTime() ? occurrences(schedule, { from: first, to: new Date(start.getTime() - 1), limit: page }) : [];
  const found: Occurrence[] = [];
  for (let from = start; ;) {
    const batch = occurrences(schedule, { from, to: horizon, limit: page });
    found.push(...batch);
    const last = batch.at(-1);
    if (batch.length < page || last === undefined) break;
    from = new Date(last.at.getTime() + 1);
  }
  // Nothing is within the grace: one of them is still recorded, as missed.
  if (found.length === 0 && older.length > 0) return { found: older.slice(-1), older: older.length - 1 };
  return { found, older: older.length };
}

function planPast(
  past: readonly Pick<Occurrence, "at" | "shiftedBySeconds">[],
  older: number,
  { misfire, misfireGraceSeconds }: Pick<Reminder, "misfire" | "misfireGraceSeconds">,
  now: Date,
  silent: boolean,
): PlannedOccurrence[] {
  const fires = ({ at }: { at: Date }, index: number): boolean => {
    const lateSeconds = (now.getTime() - at.getTime()) / 1000;
    if (silent || lateSeconds > misfireGraceSeconds) return false;
    switch (misfire) {
      case "latest":
        return index === past.length - 1;
      case "all":
        return true;
      case "skip":
        return lateSeconds <= onTimeSeconds;
      default:
        return misfire satisfies never;
    }
  };
  let missed = older;
  const planned = past.map((occurrence, index): PlannedOccurrence => {
    const { at, shiftedBySeconds } = occurrence;
    if (!fires(occurrence, index)) {
      missed += 1;
      return { at, shiftedBySeconds, status: silent ? "skipped" : "missed", missedBefore: 0 };
    }
    const missedBefore = missed;
    missed = 0;
    return { at, shiftedBySeconds, status: "due", missedBefore };
  });
  const dropped = planned.filter(({ status }) => status !== "due").length - maxMissedRows;
  let rest = Math.max(0, dropped);
  return planned.filter(({ status }) => status === "due" || --rest < 0);
}
