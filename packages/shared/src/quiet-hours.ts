import { badInput } from "./errors.ts";
import { instantOf } from "./recurrence/local-time.ts";

/** Hours in which nothing is sent, by the wall clock. An end at or before the start is on the next day. */
export interface QuietHours {
  /** "22:00", inclusive */
  start: string;
  /** "07:00", exclusive */
  end: string;
  /** ISO weekdays (1 = Monday .. 7 = Sunday) on which the hours begin; all when absent. */
  days?: number[];
}

const timePattern = /^([01]\d|2[0-3]):[0-5]\d$/;

/** Returns the quiet hours unchanged if they are well formed. Throws BAD_REQUEST whose path is below `path`. */
export function checkQuietHours(quiet: QuietHours, path = "quietHours"): QuietHours {
  for (const edge of ["start", "end"] as const) {
    if (!timePattern.test(quiet[edge])) throw badInput([path, edge], "write a time of day as HH:MM, from 00:00 to 23:59");
  }
  if (quiet.start === quiet.end) throw badInput([path, "end"], "must differ from start; to silence whole days pause the reminders");
  if (quiet.days !== undefined && (quiet.days.length === 0 || quiet.days.some((day) => !Number.isInteger(day) || day < 1 || day > 7))) {
    throw badInput([path, "days"], "list weekdays from 1 (Monday) to 7 (Sunday), or leave it out for every day");
  }
  return quiet;
}

/**
 * The first instant at or after `at` that is not within the quiet hours of someone in `tz`: `at` itself when it is not quiet.
 * An edge inside a clock-change gap is the moment of the change; of a repeated edge the first counts. Throws BAD_REQUEST.
 */
export function deferPastQuietHours(at: Date, quiet: QuietHours, tz: string): Date {
  checkQuietHours(quiet);
  const today = instantOf(at).toZonedDateTimeISO(tz).toPlainDate();
  // A period that covers `at` began today or, by the wall clock, up to two days ago where a zone skipped a date.
  for (const daysAgo of [2, 1, 0]) {
    const date = today.subtract({ days: daysAgo });
    if (quiet.days !== undefined && !quiet.days.includes(date.dayOfWeek)) continue;
    const endDate = quiet.end <= quiet.start ? date.add({ days: 1 }) : date;
    const end = firstInstantShowing(endDate, quiet.end, tz);
    if (firstInstantShowing(date, quiet.start, tz) <= at.getTime() && at.getTime() < end) {
      // Where a date is skipped, one night's end is the next one's start.
      return deferPastQuietHours(new Date(end), quiet, tz);
    }
  }
  return at;
}

/** The first instant at which the wall clock has reached this date and time. */
function firstInstantShowing(date: Temporal.PlainDate, time: string, tz: string): number {
  const asked = date.toPlainDateTime(time);
  const zoned = asked.toZonedDateTime(tz, { disambiguation: "earlier" });
  if (zoned.toPlainDateTime().equals(asked)) return zoned.epochMilliseconds;
  return (zoned.getTimeZoneTransition("next") ?? zoned).epochMilliseconds;
}
