import type { ReminderType } from "../enumerations.ts";
import { gapPolicies, overlapPolicies } from "../enumerations.ts";
import { badInput } from "../errors.ts";
import type { Anniversary } from "./anniversaries.ts";
import { offsetLocal } from "./anniversaries.ts";
import type { ClockChangePolicy } from "./local-time.ts";
import { checkTimeZone, formatLocal, parseLocal, resolveLocal } from "./local-time.ts";
import type { Rule } from "./rule.ts";
import { formatRule, maxCount, parseRule } from "./rule.ts";

/** When something fires: a wall clock in a zone, once, by an RFC 5545 rule, or at an exact interval from its start. */
export interface Schedule extends ClockChangePolicy {
  kind: Exclude<ReminderType, "fact_relative">;
  /** Wall clock of the start, "2026-11-22T09:00:00". A rule takes from it what it leaves open; it is an occurrence only if the rule matches it. */
  dtstartLocal: string;
  /** IANA zone. */
  tz: string;
  /** Only for kind recurring. May hold COUNT or UNTIL; `checkSchedule` moves them into countTotal and untilAt. */
  rrule?: string | null;
  /** Instead of a rule: each year's return of a day, moved by an offset; only for kind recurring. */
  anniversary?: Anniversary | null;
  /** Extra wall clocks; not bounded by untilAt or countTotal. */
  rdatesLocal?: string[];
  /** Wall clocks taken away, after countTotal has counted them. */
  exdatesLocal?: string[];
  /** Last instant at which the rule or interval may fire (inclusive). */
  untilAt?: Date | null;
  /** How many times the rule or interval fires in all, excluded ones included. */
  countTotal?: number | null;
  /** Exact elapsed seconds between occurrences; only for kind interval. */
  intervalSeconds?: number | null;
}

/** A schedule with nothing left to default, its zone, wall clocks and rule in canonical form. */
export type CheckedSchedule = Required<Schedule>;

export const minIntervalSeconds = 60;
export const maxIntervalSeconds = 10 * 366 * 86_400;
export const maxExtraDates = 500;

/**
 * Checks everything about a schedule that does not depend on the present and puts it into canonical form.
 * Throws BAD_REQUEST whose path is the field.
 */
export function normaliseSchedule(schedule: Schedule): CheckedSchedule {
  const tz = checkTimeZone(schedule.tz);
  const { kind, gapPolicy = "shift", overlapPolicy = "first" } = schedule;
  if (!gapPolicies.includes(gapPolicy)) throw badInput("gapPolicy", `use ${gapPolicies.join(" or ")}`);
  if (!overlapPolicies.includes(overlapPolicy)) throw badInput("overlapPolicy", `use ${overlapPolicies.join(", ")}`);
  const given = { rrule: schedule.rrule ?? null, untilAt: schedule.untilAt ?? null, countTotal: schedule.countTotal ?? null };
  if (given.rrule !== null && kind !== "recurring") throw badInput("rrule", `only kind "recurring" takes a rule, not "${kind}"`);
  const rule = given.rrule === null ? null : parseRule(given.rrule);
  const checked: CheckedSchedule = {
    kind,
    dtstartLocal: formatLocal(parseLocal(schedule.dtstartLocal, "dtstartLocal")),
    tz,
    rrule: rule === null ? null : formatRule(rule),
    anniversary: schedule.anniversary ?? null,
    rdatesLocal: normaliseDates(schedule.rdatesLocal ?? [], "rdatesLocal"),
    exdatesLocal: normaliseDates(schedule.exdatesLocal ?? [], "exdatesLocal"),
    untilAt: ruleBound("UNTIL", given.untilAt, rule?.until === undefined ? null : untilInstant(rule.until, tz), "untilAt"),
    countTotal: ruleBound("COUNT", given.countTotal, rule?.count ?? null, "countTotal"),
    intervalSeconds: schedule.intervalSeconds ?? null,
    gapPolicy,
    overlapPolicy,
  };
  checkBounds(checked);
  checkKind(checked, rule);
  return checked;
}

function normaliseDates(dates: string[], path: "rdatesLocal" | "exdatesLocal"): string[] {
  if (dates.length > maxExtraDates) throw badInput(path, `at most ${maxExtraDates} dates`, maxExtraDates);
  return [...new Set(dates.map((date, index) => formatLocal(parseLocal(date, [path, index]))))].toSorted();
}

function ruleBound<T>(part: string, field: T | null, inRule: T | null, name: string): T | null {
  if (field !== null && inRule !== null) throw badInput("rrule", `${part} in the rule and ${name} are both given; leave one out`);
  return field ?? inRule;
}

/** UNTIL is inclusive: a date means its whole day, a repeated wall clock its second pass. */
function untilInstant(until: string, tz: string): Date {
  const [, year = "", month = "", day = "", hour, minute = "", second = "", utc = ""] =
    /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/.exec(until) ?? [];
  const local = parseLocal(`${year}-${month}-${day}T${hour ?? "00"}:${minute || "00"}:${second || "00"}`, "rrule");
  if (hour === undefined) {
    return new Date(local.toPlainDate().add({ days: 1 }).toZonedDateTime(tz).epochMilliseconds - 1);
  }
  return new Date(local.toZonedDateTime(utc === "Z" ? "UTC" : tz, { disambiguation: "later" }).epochMilliseconds);
}

function checkBounds({ untilAt, countTotal, intervalSeconds }: CheckedSchedule): void {
  if (untilAt !== null && Number.isNaN(untilAt.getTime())) throw badInput("untilAt", "not an instant");
  if (countTotal !== null && !(Number.isInteger(countTotal) && countTotal >= 1)) {
    throw badInput("countTotal", "must be a whole number of at least 1", 1);
  }
  if (countTotal !== null && countTotal > maxCount) throw badInput("countTotal", `must be at most ${maxCount}`, maxCount);
  if (intervalSeconds === null) return;
  if (!Number.isInteger(intervalSeconds)) throw badInput("intervalSeconds", "must be a whole number of seconds");
  if (intervalSeconds < minIntervalSeconds) {
    throw badInput("intervalSeconds", `must be at least ${minIntervalSeconds} s`, minIntervalSeconds);
  }
  if (intervalSeconds > maxIntervalSeconds) throw badInput("intervalSeconds", "must be at most 10 years", maxIntervalSeconds);
}

function checkKind(schedule: CheckedSchedule, rule: Rule | null): void {
  const { kind, intervalSeconds } = schedule;
  if (schedule.anniversary !== null && kind !== "recurring") throw badInput("anniversary", `only kind "recurring" takes it, not "${kind}"`);
  if (intervalSeconds !== null && kind !== "interval") throw badInput("intervalSeconds", `only kind "interval" takes it, not "${kind}"`);
  switch (kind) {
    case "once":
      if (schedule.rdatesLocal.length > 0) throw badInput("rdatesLocal", 'kind "once" fires once; use kind "recurring" for several dates');
      if (schedule.exdatesLocal.length > 0) throw badInput("exdatesLocal", 'kind "once" fires once; there is nothing to exclude');
      return;
    case "recurring":
      if (schedule.anniversary !== null) {
        offsetLocal(schedule.anniversary);
        if (rule !== null) throw badInput("rrule", "an anniversary has no rule beside it; leave one out");
        return;
      }
      if (rule === null && schedule.rdatesLocal.length === 0) {
        throw badInput("rrule", 'kind "recurring" needs a rule such as FREQ=DAILY, or rdatesLocal');
      }
      return;
    case "interval":
      if (intervalSeconds === null) throw badInput("intervalSeconds", 'kind "interval" needs the seconds between occurrences');
      return;
    default:
      throw badInput("kind", "use once, recurring or interval");
  }
}

/** The instant from which an interval counts; a start inside a gap is always shifted, never dropped. */
export function intervalAnchor({ dtstartLocal, tz, overlapPolicy }: CheckedSchedule): number {
  return resolveLocal(dtstartLocal, tz, { overlapPolicy: overlapPolicy === "second" ? "second" : "first" }).at.getTime();
}
