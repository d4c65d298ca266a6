import {
  createOccurrenceRepository,
  createReminderRepository,
  createUserRepository,
  type DbClock,
  effectiveAt,
  readClock,
  type Reminder,
  type ReminderAlert,
  type ReminderOccurrence,
  type UserTransaction,
} from "@mema/db";
import { describeInstant, type InstantDescription, maxOccurrences, occurrences } from "@mema/shared";
import { scheduleOf } from "./reminder-plan.ts";

/** A moment in the words of a person: the instant, the wall clock, the zone and the distance from now. */
export interface Moment extends InstantDescription {
  at: Date;
  /** How far a clock change moved it; 0 on every ordinary day. */
  shiftedBySeconds: number;
}

/** A coming occurrence: its moment, and what names it. */
export interface UpcomingMoment extends Moment {
  /** The instant that the rule gives it, by which it is edited alone; another than `at` when it was moved. */
  occurrenceAt: Date;
  /** Its own title; null: the reminder's. */
  title: string | null;
}

/** A reminder as it is answered: with its next occurrence and the following ones in plain words. */
export interface ReminderView extends Omit<Reminder, "userId"> {
  alerts: { beforeSeconds: number; channelIds: string[] }[];
  next: UpcomingMoment | null;
  /** The next three occurrences, `next` included. */
  upcoming: UpcomingMoment[];
}

/** The user's zone (UTC until the user has told it) and the present. */
export interface UserNow {
  userZone: string;
  now: Date;
}

export async function userNow(tx: UserTransaction, clock: DbClock): Promise<UserNow> {
  const [now, user] = await Promise.all([readClock(tx, clock), createUserRepository(tx).get()]);
  return { now, userZone: user.timezone ?? "UTC" };
}

const shown = 3;

export const momentIn = (at: Date, tz: string, now: Date, shiftedBySeconds = 0): Moment => ({
  at,
  shiftedBySeconds,
  ...describeInstant(at, tz, now),
});

export async function viewReminder(tx: UserTransaction, id: string, { now, userZone }: UserNow): Promise<ReminderView> {
  const [view] = await viewReminders(tx, [await createReminderRepository(tx).getById(id)], userZone, now);
  if (view === undefined) throw new Error("the reminder has no view");
  return view;
}

/** Describes reminders for their user at `now`. */
export async function viewReminders(tx: UserTransaction, rows: readonly Reminder[], userZone: string, now: Date): Promise<ReminderView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [alerts, decided] = await Promise.all([createReminderRepository(tx).alerts(ids), createOccurrenceRepository(tx).ahead(ids, now)]);
  return rows.map((row) =>
    view(
      row,
      alerts.filter(({ reminderId }) => reminderId === row.id),
      decided.filter(({ reminderId }) => reminderId === row.id),
      { userZone, now },
    ),
  );
}

function view(
  { userId: _userId, ...row }: Reminder,
  alerts: readonly ReminderAlert[],
  decided: readonly ReminderOccurrence[],
  { userZone, now }: { userZone: string; now: Date },
): ReminderView {
  const upcoming = upcomingOf({ userId: _userId, ...row }, decided, userZone, now).map(({ at, shiftedBySeconds, ...named }) => ({
    ...momentIn(at, row.tz ?? userZone, now, shiftedBySeconds),
    ...named,
  }));
  return {
    ...row,
    alerts: alerts.map(({ offsetSeconds, channelIds }) => ({ beforeSeconds: offsetSeconds, channelIds })),
    next: upcoming[0] ?? null,
    upcoming,
  };
}

type Planned = Pick<UpcomingMoment, "at" | "shiftedBySeconds" | "occurrenceAt" | "title">;

/** What is decided already and still to come, and what the rule adds to it. */
function upcomingOf(row: Reminder, decided: readonly ReminderOccurrence[], userZone: string, now: Date): Planned[] {
  const rows = decided
    .filter((occurrence) => occurrence.status === "upcoming" && effectiveAt(occurrence).getTime() > now.getTime())
    .map((occurrence) => ({ ...occurrence, at: effectiveAt(occurrence) }));
  // What was cancelled is there again as soon as the rule comes to it.
  const taken = new Set(decided.flatMap(({ occurrenceAt, status }) => (status === "cancelled" ? [] : occurrenceAt.getTime())));
  const planned = fromRule(row, userZone, now, shown + decided.length)
    .filter(({ at }) => !taken.has(at.getTime()))
    .map(({ at, shiftedBySeconds }) => ({ at, shiftedBySeconds, occurrenceAt: at, title: null }));
  return [...rows, ...planned]
    .map(({ at, shiftedBySeconds, occurrenceAt, title }) => ({ at, shiftedBySeconds, occurrenceAt, title }))
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())
    .slice(0, shown);
}

function fromRule(row: Reminder, userZone: string, now: Date, limit: number): { at: Date; shiftedBySeconds: number }[] {
  const from = row.expandFromAt;
  if (from === null) return [];
  if (row.repeatFrom === "completion") return [{ at: from, shiftedBySeconds: 0 }];
  return occurrences(scheduleOf(row, userZone), { from, after: now, limit: Math.min(limit, maxOccurrences) });
}
