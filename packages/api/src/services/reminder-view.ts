import { createReminderRepository, type Reminder, type ReminderAlert, type UserTransaction } from "@mema/db";
import { describeInstant, type InstantDescription, occurrences } from "@mema/shared";
import { scheduleOf } from "./reminder-plan.ts";

/** A moment in the words of a person: the instant, the wall clock, the zone and the distance from now. */
export interface Moment extends InstantDescription {
  at: Date;
  /** How far a clock change moved it; 0 on every ordinary day. */
  shiftedBySeconds: number;
}

/** A reminder as it is answered: with its next occurrence and the following ones in plain words. */
export interface ReminderView extends Omit<Reminder, "userId"> {
  alerts: { beforeSeconds: number; channelIds: string[] }[];
  next: Moment | null;
  /** The next three occurrences, `next` included. */
  upcoming: Moment[];
}

const shown = 3;

export const momentIn = (at: Date, tz: string, now: Date, shiftedBySeconds = 0): Moment => ({
  at,
  shiftedBySeconds,
  ...describeInstant(at, tz, now),
});

/** Describes reminders for their user at `now`. */
export async function viewReminders(tx: UserTransaction, rows: readonly Reminder[], userZone: string, now: Date): Promise<ReminderView[]> {
  const alerts = rows.length === 0 ? [] : await createReminderRepository(tx).alerts(rows.map(({ id }) => id));
  return rows.map((row) => view(row, alerts, userZone, now));
}

function view({ userId: _userId, ...row }: Reminder, alerts: readonly ReminderAlert[], userZone: string, now: Date): ReminderView {
  const tz = row.tz ?? userZone;
  const upcoming = upcomingOf({ userId: _userId, ...row }, userZone, now).map(({ at, shiftedBySeconds }) =>
    momentIn(at, tz, now, shiftedBySeconds),
  );
  return {
    ...row,
    alerts: alerts
      .filter(({ reminderId }) => reminderId === row.id)
      .map(({ offsetSeconds, channelIds }) => ({ beforeSeconds: offsetSeconds, channelIds })),
    next: upcoming[0] ?? null,
    upcoming,
  };
}

function upcomingOf(row: Reminder, userZone: string, now: Date): { at: Date; shiftedBySeconds: number }[] {
  const first = row.nextOccurrenceAt;
  if (first === null) return [];
  if (row.repeatFrom === "completion") return [{ at: first, shiftedBySeconds: 0 }];
  return occurrences(scheduleOf(row, userZone), { from: first, after: now, limit: shown });
}
