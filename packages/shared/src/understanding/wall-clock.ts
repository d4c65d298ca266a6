import { addDuration } from "../duration.ts";
import { checkTimeZone, resolveLocal, toLocal } from "../recurrence/index.ts";

/** The wall clock in a zone, to the second. Throws BAD_REQUEST on `timezone` when the zone is unknown. */
export function wallClock(now: Date, timezone: string): Temporal.PlainDateTime {
  return Temporal.PlainDateTime.from(toLocal(now, checkTimeZone(timezone, "timezone")));
}

/** The instant of a wall clock; a time that the clock change skips moves on by the change, a time that comes twice is the first. */
export function instantOf(local: Temporal.PlainDateTime, timezone: string): Date {
  return resolveLocal(local.toString({ smallestUnit: "second" }), timezone).at;
}

/** Where an elapsed time ends: the instant, and the wall clock that a schedule is built on. */
export interface Later {
  at: Date;
  local: Temporal.PlainDateTime;
  start: { dtstartLocal: string; tz: string; overlapPolicy?: "second" };
}

/** Days and longer move the wall clock, hours and shorter are elapsed time; the result is rounded up to a whole second. */
export function laterBy(now: Date, duration: Temporal.Duration, timezone: string): Later {
  const at = new Date(Math.ceil(addDuration(now, duration.toString(), timezone).getTime() / 1000) * 1000);
  const dtstartLocal = toLocal(at, timezone);
  const repeated = resolveLocal(dtstartLocal, timezone).at.getTime() !== at.getTime();
  return {
    at,
    local: Temporal.PlainDateTime.from(dtstartLocal),
    start: { dtstartLocal, tz: timezone, ...(repeated ? { overlapPolicy: "second" } : {}) },
  };
}
