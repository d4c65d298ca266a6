import { badInput } from "../errors.ts";
import { anniversaries } from "./anniversaries.ts";
import type { Moment, Occurrence } from "./local-time.ts";
import { instantOf, momentsOf, parseLocal, toOccurrence } from "./local-time.ts";
import { parseRule } from "./rule.ts";
import type { CheckedSchedule, Schedule } from "./schedule.ts";
import { intervalAnchor, normaliseSchedule } from "./schedule.ts";
import { wallClocks } from "./wall-clocks.ts";

/** Which occurrences are wanted. */
export interface OccurrenceWindow {
  /** Only those later than this instant. */
  after?: Date;
  /** Only those at this instant or later. */
  from?: Date;
  /** Only those at this instant or earlier. */
  to?: Date;
  /** At most this many, 1..1000. */
  limit: number;
}

export const maxOccurrences = 1000;

/** No clock change moves a wall clock further than this (Apia skipped a whole day). */
const clockChangeMarginHours = 48;

/** Around every wall clock that a schedule may hold (1900-2199): no series goes on beyond. */
const firstMillisecond = Date.UTC(1899, 11, 30);
const lastMillisecond = Date.UTC(2199, 11, 31);

/**
 * The occurrences of a schedule in the window, in order and at distinct instants, from its start if neither `after` nor `from` is given.
 * untilAt and countTotal bound what the rule or interval yields; then rdatesLocal are added and exdatesLocal taken away.
 * Each wall clock is mapped to instants by the schedule's gap and overlap policy. A rule that never matches yields nothing.
 * Throws BAD_REQUEST on a malformed schedule or limit.
 */
export function occurrences(schedule: Schedule, window: OccurrenceWindow): Occurrence[] {
  const { after, from, to, limit } = window;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxOccurrences) {
    throw badInput("limit", `must be a whole number within 1..${maxOccurrences}`, maxOccurrences);
  }
  const checked = normaliseSchedule(schedule);
  const start = Math.max(after === undefined ? firstMillisecond : after.getTime() + 1, from?.getTime() ?? firstMillisecond);
  const end = Math.min(to?.getTime() ?? lastMillisecond, lastMillisecond);
  if (start > end) return [];
  const excluded = new Set(momentsOfAll(checked.exdatesLocal, checked).map(({ at }) => at));
  const found: Moment[] = [];
  for (const moment of merge(bounded(checked, start, end), momentsOfAll(checked.rdatesLocal, checked))) {
    if (moment.at > end) break;
    if (moment.at < start || excluded.has(moment.at)) continue;
    found.push(moment);
    if (found.length === limit) break;
  }
  return found.map((moment) => toOccurrence(moment, checked.tz));
}

/** The first occurrence later than `after`, or null when the series is over. */
export function nextOccurrence(schedule: Schedule, after: Date): Occurrence | null {
  return occurrences(schedule, { after, limit: 1 })[0] ?? null;
}

/** What the rule or interval yields up to untilAt and countTotal: from `start` on, or a little earlier. */
function* bounded(schedule: CheckedSchedule, start: number, end: number): Generator<Moment> {
  const { untilAt, countTotal } = schedule;
  const series = schedule.kind === "interval" ? intervalSeries(schedule, start) : wallClockSeries(schedule, start, end);
  let count = 0;
  for (const moment of series) {
    if (untilAt !== null && moment.at > untilAt.getTime()) return;
    yield moment;
    count += 1;
    if (schedule.kind !== "interval" && count === countTotal) return;
  }
}

function* intervalSeries(schedule: CheckedSchedule, start: number): Generator<Moment> {
  const { intervalSeconds, countTotal } = schedule;
  if (intervalSeconds === null) return;
  const anchor = intervalAnchor(schedule);
  const step = intervalSeconds * 1000;
  for (let index = Math.max(0, Math.ceil((start - anchor) / step)); index < (countTotal ?? Number.POSITIVE_INFINITY); index += 1) {
    yield { at: anchor + index * step, shiftedBySeconds: 0 };
  }
}

/**
 * Maps wall clocks to ordered, distinct instants. Around a clock change their order differs from that of the instants, so a moment
 * waits until no later wall clock can precede it: none is before the earlier reading of the current one.
 */
function* wallClockSeries(schedule: CheckedSchedule, start: number, end: number): Generator<Moment> {
  const { tz } = schedule;
  let waiting: Moment[] = [];
  for (const local of scheduleWallClocks(schedule, start, end)) {
    const bound = local.toZonedDateTime(tz, { disambiguation: "earlier" }).epochMilliseconds;
    yield* waiting.filter(({ at }) => at < bound);
    waiting = waiting.filter(({ at }) => at >= bound);
    for (const moment of momentsOf(local, tz, schedule)) {
      if (!waiting.some(({ at }) => at === moment.at)) waiting.push(moment);
    }
    waiting.sort(byInstant);
  }
  yield* waiting;
}

/** The wall clocks that can matter from `start` to `end`; with a count all from the beginning, since each uses it up. */
function scheduleWallClocks(schedule: CheckedSchedule, start: number, end: number): Iterable<Temporal.PlainDateTime> {
  const { dtstartLocal, rrule, anniversary, tz, countTotal } = schedule;
  const dtstart = parseLocal(dtstartLocal, "dtstartLocal");
  if (rrule === null && anniversary === null) return [dtstart];
  const localAt = (at: number) => instantOf(new Date(at)).toZonedDateTimeISO(tz).toPlainDateTime();
  const from = countTotal === null ? localAt(start).subtract({ hours: clockChangeMarginHours }) : dtstart;
  const to = localAt(end).add({ hours: clockChangeMarginHours });
  if (anniversary !== null) return anniversaries(anniversary, later(from, dtstart), to);
  return rrule === null ? [] : wallClocks(parseRule(rrule), dtstart, from, to);
}

const later = (a: Temporal.PlainDateTime, b: Temporal.PlainDateTime): Temporal.PlainDateTime =>
  Temporal.PlainDateTime.compare(a, b) > 0 ? a : b;

function momentsOfAll(locals: string[], schedule: CheckedSchedule): Moment[] {
  const moments = locals.flatMap((local) => momentsOf(parseLocal(local, "rdatesLocal"), schedule.tz, schedule)).toSorted(byInstant);
  return moments.filter(({ at }, index) => at !== moments[index - 1]?.at);
}

/** Merges two ordered series into one without repeated instants; of two at one instant the rule's own stays. */
function* merge(series: Iterable<Moment>, extra: Moment[]): Generator<Moment> {
  let rest = extra;
  for (const moment of series) {
    yield* rest.filter(({ at }) => at < moment.at);
    rest = rest.filter(({ at }) => at > moment.at);
    yield moment;
  }
  yield* rest;
}

function byInstant(a: Moment, b: Moment): number {
  return a.at - b.at;
}
