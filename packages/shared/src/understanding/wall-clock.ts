import { badInput } from "../errors.ts";

/** The wall clock in a zone, to the second. Throws BAD_REQUEST on `timezone` when the zone is unknown. */
export function wallClock(now: Date, timezone: string): Temporal.PlainDateTime {
  try {
    return Temporal.Instant.fromEpochMilliseconds(now.getTime())
      .toZonedDateTimeISO(timezone)
      .toPlainDateTime()
      .round({ smallestUnit: "second", roundingMode: "floor" });
  } catch {
    throw badInput("timezone", `${JSON.stringify(timezone.slice(0, 64))} is not a time zone; use an IANA name such as "Europe/Paris"`);
  }
}

/** The instant of a wall clock; a time that the clock change skips moves on by the change, a time that comes twice is the first. */
export function instantOf(local: Temporal.PlainDateTime, timezone: string): Date {
  return new Date(local.toZonedDateTime(timezone, { disambiguation: "compatible" }).epochMilliseconds);
}

/** Where an elapsed time ends: the instant, and the wall clock that a schedule is built on. */
export interface Later {
  at: Date;
  local: Temporal.PlainDateTime;
  start: { dtstartLocal: string; tz: string; overlapPolicy?: "second" };
}

/** Days and longer move the wall clock, hours and shorter are elapsed time; the result is rounded up to a whole second. */
export function laterBy(now: Date, duration: Temporal.Duration, timezone: string): Later {
  const zoned = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timezone).add(duration);
  const whole = zoned.round({ smallestUnit: "second", roundingMode: "ceil" });
  const local = whole.toPlainDateTime();
  const repeated = instantOf(local, timezone).getTime() !== whole.epochMilliseconds;
  return {
    at: new Date(whole.epochMilliseconds),
    local,
    start: { dtstartLocal: local.toString({ smallestUnit: "second" }), tz: timezone, ...(repeated ? { overlapPolicy: "second" } : {}) },
  };
}
