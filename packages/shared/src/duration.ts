import { badInput } from "./errors.ts";
import { checkTimeZone, instantOf } from "./recurrence/local-time.ts";

export const maxDurationYears = 10;

/**
 * `now` plus an ISO 8601 duration such as "PT10S", "P3D" or "P1M": years to days move the calendar in `tz` and keep the wall clock,
 * hours to seconds are exact elapsed time. A month that is too short ends on its last day; a time that does not exist that night is
 * moved forward. Throws BAD_REQUEST on `path`: not a duration, not greater than zero, more than 10 years.
 */
export function addDuration(now: Date, iso: string, tz: string, path = "in"): Date {
  const zone = checkTimeZone(tz);
  const duration = parseDuration(iso, path);
  const start = instantOf(now).toZonedDateTimeISO(zone);
  const tooLong = badInput(path, `must be at most ${maxDurationYears} years`, maxDurationYears);
  let end: number;
  try {
    end = start.add(duration).epochMilliseconds;
  } catch {
    throw tooLong;
  }
  if (end <= now.getTime()) throw badInput(path, "must be greater than zero", 0);
  if (end > start.add({ years: maxDurationYears }).epochMilliseconds) throw tooLong;
  return new Date(end);
}

function parseDuration(iso: string, path: string): Temporal.Duration {
  const advice = "write an ISO 8601 duration such as PT10M (10 minutes), PT2H, P3D or P1M (1 month)";
  if (iso.length > 64) throw badInput(path, `not a duration; ${advice}`);
  let duration: Temporal.Duration;
  try {
    duration = Temporal.Duration.from(iso);
  } catch {
    throw badInput(path, `"${iso}" is not a duration; ${advice}`);
  }
  if (duration.sign <= 0) throw badInput(path, "must be greater than zero", 0);
  return duration;
}
