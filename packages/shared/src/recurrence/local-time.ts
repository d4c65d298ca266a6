import type { GapPolicy, OverlapPolicy } from "../enumerations.ts";
import { badInput } from "../errors.ts";

/** One moment at which a schedule fires. */
export interface Occurrence {
  at: Date;
  /** What a wall clock in the schedule's zone shows at `at`, e.g. "2026-11-22T09:00:00". */
  local: string;
  /** How far a clock change moved it past the wall clock that was asked for; 0 on every ordinary day. */
  shiftedBySeconds: number;
}

/** What to do with a wall clock that a clock change removes (gap) or repeats (overlap). */
export interface ClockChangePolicy {
  gapPolicy?: GapPolicy;
  overlapPolicy?: OverlapPolicy;
}

type Path = string | (string | number)[];

const earliestYear = 1900;
const latestYear = 2199;

const localPattern = /^(\d{4})-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;

export function instantOf(at: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(at.getTime());
}

/**
 * The IANA name of a zone with its letters in their usual case ("europe/berlin" -> "Europe/Berlin"). Links keep their own name.
 * Throws BAD_REQUEST on anything else, UTC offsets included.
 */
export function checkTimeZone(tz: string, path: Path = "tz"): string {
  const advice = "give an IANA time zone such as Europe/Berlin or UTC";
  if (tz.length > 64 || !/^[A-Za-z]/.test(tz)) throw badInput(path, `not a time zone; ${advice}`);
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(tz).timeZoneId;
  } catch {
    throw badInput(path, `unknown time zone "${tz}"; ${advice}`);
  }
}

/** Whether `tz` is an IANA time zone, in any case. UTC offsets such as "+02:00" are not: they know no clock changes. */
export function isTimeZone(tz: string): boolean {
  try {
    checkTimeZone(tz);
    return true;
  } catch {
    return false;
  }
}

/** Parses a wall clock "2026-11-22T09:00:00" (seconds optional, no zone), years 1900-2199. Throws BAD_REQUEST. */
export function parseLocal(local: string, path: Path): Temporal.PlainDateTime {
  const year = localPattern.exec(local)?.[1];
  if (year === undefined) {
    throw badInput(path, 'not a wall clock; write it as "2026-11-22T09:00:00", without zone or offset (the zone goes into tz)');
  }
  if (Number(year) < earliestYear) throw badInput(path, `the year must be ${earliestYear} or later`, earliestYear);
  if (Number(year) > latestYear) throw badInput(path, `the year must be ${latestYear} or earlier`, latestYear);
  // Temporal reads a leap second as :59 and accepts nothing else that is impossible.
  if (local.endsWith(":60")) throw badInput(path, "seconds go from 00 to 59");
  try {
    return Temporal.PlainDateTime.from(local, { overflow: "reject" });
  } catch {
    throw badInput(path, `"${local}" does not exist in the calendar; check the day of the month and the time`);
  }
}

export function formatLocal(local: Temporal.PlainDateTime): string {
  return local.toString({ smallestUnit: "second" });
}

/** The wall clock in `tz` at `at`, to the second, e.g. "2026-11-22T09:00:00". */
export function toLocal(at: Date, tz: string): string {
  return formatLocal(instantOf(at).toZonedDateTimeISO(tz).toPlainDateTime());
}

/** An instant (milliseconds) at which a wall clock is shown or, when shifted, stood in for. */
export interface Moment {
  at: number;
  shiftedBySeconds: number;
}

export function toOccurrence({ at, shiftedBySeconds }: Moment, tz: string): Occurrence {
  const date = new Date(at);
  return { at: date, local: toLocal(date, tz), shiftedBySeconds };
}

/**
 * The moments a wall clock stands for, in order: one on an ordinary day; in a gap one moved forward by the gap's length, or none
 * (skip); in an overlap the first, the second or both.
 */
export function momentsOf(local: Temporal.PlainDateTime, tz: string, policy: ClockChangePolicy): Moment[] {
  const earlier = local.toZonedDateTime(tz, { disambiguation: "earlier" });
  const later = local.toZonedDateTime(tz, { disambiguation: "later" });
  const first = { at: earlier.epochMilliseconds, shiftedBySeconds: 0 };
  if (earlier.epochMilliseconds === later.epochMilliseconds) return [first];
  if (!earlier.toPlainDateTime().equals(local)) {
    if (policy.gapPolicy === "skip") return [];
    return [{ at: later.epochMilliseconds, shiftedBySeconds: local.until(later.toPlainDateTime()).total("seconds") }];
  }
  const both = [first, { at: later.epochMilliseconds, shiftedBySeconds: 0 }];
  if (policy.overlapPolicy === "both") return both;
  return policy.overlapPolicy === "second" ? both.slice(1) : both.slice(0, 1);
}

/**
 * The one moment of a single wall clock in a zone. A time that does not exist that night is moved forward by the length of the gap
 * and says so in `shiftedBySeconds`; of a repeated one the first is taken unless `overlapPolicy` is "second".
 * Throws BAD_REQUEST on `path` (the wall clock) or tz.
 */
export function resolveLocal(
  local: string,
  tz: string,
  { overlapPolicy = "first" }: { overlapPolicy?: "first" | "second" } = {},
  path: Path = "local",
): Occurrence {
  const zone = checkTimeZone(tz);
  const [moment] = momentsOf(parseLocal(local, path), zone, { overlapPolicy });
  if (moment === undefined) throw new Error("a wall clock under gap policy shift has a moment");
  return toOccurrence(moment, zone);
}
