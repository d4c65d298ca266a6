import { badInput } from "../errors.ts";

/** A day that comes back every year, and how far from it something fires: "3 days before the birthday". */
export interface Anniversary {
  /** "2024-02-29" */
  date: string;
  /** ISO 8601 duration from the day's time of day, negative for before: "-P3D". */
  offset: string;
  /** Time of day on the day itself, "09:00:00". */
  time: string;
}

/** No offset is longer (`maxDurationYears`). */
const maxOffsetYears = 11;

/** The wall clock that an offset leads to from a date and time of day. Throws BAD_REQUEST when one of them is malformed. */
export function offsetLocal({ date, offset, time }: Anniversary): Temporal.PlainDateTime {
  try {
    return Temporal.PlainDate.from(date).toPlainDateTime(Temporal.PlainTime.from(time)).add(Temporal.Duration.from(offset));
  } catch {
    throw badInput("anniversary", "needs a date, a time of day and an ISO 8601 duration");
  }
}

/**
 * Each year's return from `from` to `to`, moved by the offset, in order. Counted back from each year's own day, so that "3 days before
 * 1 March" is the 26th or the 27th of February; the 29th of February returns on the 28th in years without it.
 */
export function* anniversaries(
  anniversary: Anniversary,
  from: Temporal.PlainDateTime,
  to: Temporal.PlainDateTime,
): Generator<Temporal.PlainDateTime> {
  const first = Temporal.PlainDate.from(anniversary.date);
  for (let year = Math.max(first.year, from.year - maxOffsetYears); year <= to.year + maxOffsetYears; year += 1) {
    const local = offsetLocal({ ...anniversary, date: first.with({ year }).toString() });
    if (Temporal.PlainDateTime.compare(local, to) > 0) return;
    if (Temporal.PlainDateTime.compare(local, from) >= 0) yield local;
  }
}

/** The first return at or after a wall clock. */
export function firstReturn(anniversary: Anniversary, from: Temporal.PlainDateTime): Temporal.PlainDateTime {
  const first = offsetLocal(anniversary);
  const start = Temporal.PlainDateTime.compare(first, from) > 0 ? first : from;
  const [found = first] = anniversaries(anniversary, start, start.add({ years: 2 }));
  return found;
}
