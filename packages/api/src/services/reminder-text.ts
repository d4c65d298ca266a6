import { createUserRepository, databaseClock, type DbClock, readClock, type UserTransaction } from "@mema/db";
import { AppError, checkTimeZone, type ParsedReminder, parseReminder, type ScheduleReading } from "@mema/shared";
import { timingOf } from "./capture.ts";
import type { ReminderTiming } from "./reminder-definition.ts";
import type { Moment } from "./reminder-view.ts";
import { previewReminder } from "./reminders.ts";

/** One reading of a text: the fields that `reminders.create` takes, and when that would fire next. */
export interface TextReading {
  timing: ReminderTiming;
  /** No hour was said: one was assumed, and the user should be told. */
  assumedTime: boolean;
  occurrences: Moment[];
}

export interface TextReminder extends Pick<ParsedReminder, "span" | "leftOver" | "question" | "relative"> {
  understood: (TextReading & { title: string }) | null;
  alternatives: TextReading[];
}

const shown = 3;

/**
 * What a reminder in plain English means, without saving it: the fields to create it with, the words it rests on, what was not
 * understood and other readings. Nothing is guessed: what is open is a question, and `understood` is null.
 */
export async function readReminderText(
  tx: UserTransaction,
  { text, timezone, locale }: { text: string; timezone?: string | undefined; locale?: string | undefined },
  clock: DbClock = databaseClock,
): Promise<TextReminder> {
  const [now, user] = await Promise.all([readClock(tx, clock), createUserRepository(tx).get()]);
  const zone = checkTimeZone(timezone ?? user.timezone ?? "UTC", "timezone");
  const { understood, alternatives, question, span, leftOver, relative } = parseReminder(text, {
    now,
    timezone: zone,
    locale: locale ?? user.locale,
  });
  const reading = (said: ScheduleReading): Promise<TextReading> => readingOf(tx, said, zone, clock);
  const others: TextReading[] = [];
  for (const alternative of alternatives) others.push(await reading(alternative));
  if (understood === null) return { understood: null, alternatives: others, question, span, leftOver, relative };
  try {
    return {
      understood: { title: understood.title, ...(await reading(understood)) },
      alternatives: others,
      question,
      span,
      leftOver,
      relative,
    };
  } catch (error) {
    if (!(error instanceof AppError && error.code === "BAD_REQUEST")) throw error;
    return { understood: null, alternatives: others, question: `That cannot be set: ${error.message}`, span, leftOver, relative };
  }
}

async function readingOf(tx: UserTransaction, said: ScheduleReading, zone: string, clock: DbClock): Promise<TextReading> {
  const own = timingOf(said);
  const timing = own.at === undefined && own.tz === undefined ? { ...own, tz: zone } : own;
  const { occurrences } = await previewReminder(tx, { ...timing, limit: shown }, clock);
  return { timing, assumedTime: said.assumedTime, occurrences };
}
