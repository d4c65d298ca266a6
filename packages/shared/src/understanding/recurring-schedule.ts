import { readTime } from "./time-of-day.ts";
import type { CalendarRule, Repeat } from "./repeat-grammar.ts";
import { asks, type Clock, daysMeant, isFuture, isTooFar, type SaidTimes, type ScheduleResult, TOO_FAR } from "./said-times.ts";
import type { ScheduleReading } from "./types.ts";
import { instantOf, laterBy } from "./wall-clock.ts";

const codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const SHORTEST_REPEAT_SECONDS = 60;
const LONGEST_REPEAT_SECONDS = 10 * 365 * 86_400;
const NEVER = "That would never come. When should I remind you?";
/** 29 February is at most eight years away. */
const SEARCH_DAYS = 366 * 8 + 1;

function dayCode(weekday: number): string {
  return codes[weekday - 1] ?? "";
}

function fits(rule: CalendarRule, day: Temporal.PlainDate): boolean {
  if (rule.weekdays.length > 0 && !rule.weekdays.includes(day.dayOfWeek)) return false;
  if (rule.month !== undefined && rule.month !== day.month) return false;
  if (rule.monthDays.length > 0 && !rule.monthDays.some((monthDay) => (monthDay === -1 ? day.daysInMonth : monthDay) === day.day))
    return false;
  if (!rule.nth) return true;
  if (day.dayOfWeek !== rule.nth.weekday) return false;
  return rule.nth.ordinal === -1 ? day.day + 7 > day.daysInMonth : Math.ceil(day.day / 7) === rule.nth.ordinal;
}

function ruleText(rule: CalendarRule, until: Temporal.PlainDate | null, count: number | undefined): string {
  const parts = [`FREQ=${rule.frequency}`];
  if (rule.interval > 1) parts.push(`INTERVAL=${rule.interval}`);
  if (rule.weekdays.length > 0) parts.push(`BYDAY=${rule.weekdays.map(dayCode).join(",")}`);
  if (rule.nth) parts.push(`BYDAY=${rule.nth.ordinal}${dayCode(rule.nth.weekday)}`);
  if (rule.month !== undefined) parts.push(`BYMONTH=${rule.month}`);
  if (rule.monthDays.length > 0) parts.push(`BYMONTHDAY=${rule.monthDays.join(",")}`);
  if (count !== undefined) parts.push(`COUNT=${count}`);
  if (until) parts.push(`UNTIL=${until.toString().replaceAll("-", "")}`);
  return parts.join(";");
}

/** Fills what "every week" leaves open from a day said elsewhere ("every week at 9 on Monday"); a question when it stays open. */
function complete(rule: CalendarRule, said: SaidTimes, start: Temporal.PlainDate | null): CalendarRule | string {
  const open = rule.weekdays.length === 0 && rule.monthDays.length === 0 && !rule.nth;
  const { day } = said;
  if (day) {
    if (open && rule.frequency === "WEEKLY" && day.type === "weekday" && day.modifier === "") return { ...rule, weekdays: [day.weekday] };
    if (open && rule.frequency === "YEARLY" && day.type === "yearless" && day.weekday === undefined)
      return { ...rule, month: day.month, monthDays: [day.day] };
    if (open && rule.frequency === "MONTHLY" && day.type === "dayOfMonth") return { ...rule, monthDays: [day.day] };
    return "I found a repeat and a single day. Which one do you mean?";
  }
  if (!open || rule.frequency === "DAILY") return rule;
  if (!start)
    return rule.frequency === "WEEKLY"
      ? "On which day of the week?"
      : rule.frequency === "MONTHLY"
        ? "On which day of the month?"
        : "On which day of the year?";
  if (rule.frequency === "WEEKLY") return { ...rule, weekdays: [start.dayOfWeek] };
  return { ...rule, monthDays: [start.day], ...(rule.frequency === "YEARLY" ? { month: start.month } : {}) };
}

function elapsedSchedule(said: SaidTimes, seconds: number, clock: Clock): ScheduleResult {
  if (seconds < SHORTEST_REPEAT_SECONDS)
    return asks(`A reminder repeats at most every ${SHORTEST_REPEAT_SECONDS} seconds. How often should I remind you?`);
  if (seconds > LONGEST_REPEAT_SECONDS) return asks("That is too seldom for a repeat. When should I remind you?");
  if (said.day || said.part || said.starting || said.time) {
    return asks("A repeat of hours or minutes starts now and cannot be tied to a time of day yet. Should it start now?");
  }
  const end = repeatEnd(said, clock);
  if (typeof end === "string") return asks(end);
  const { at, start } = laterBy(clock.now, Temporal.Duration.from({ seconds }), clock.timezone);
  const untilAt = end.until ? instantOf(end.until.toPlainDateTime("23:59:59"), clock.timezone) : null;
  if (untilAt && untilAt.getTime() < at.getTime()) return asks(NEVER);
  const schedule: ScheduleReading = {
    kind: "interval",
    intervalSeconds: seconds,
    ...(end.count === undefined ? {} : { countTotal: end.count }),
    ...(untilAt ? { untilAt } : {}),
    ...start,
    assumedTime: false,
  };
  return { schedule, alternatives: [], question: null };
}

/** The last day or the number of times that was said, or the question to ask. */
function repeatEnd(said: SaidTimes, clock: Clock): { until: Temporal.PlainDate | null; count: number | undefined } | string {
  if (said.until && said.count !== undefined) return "I found two different ends of the repeat. Which one do you mean?";
  if (said.count === 0) return "How many times should I remind you?";
  if (!said.until) return { until: null, count: said.count };
  const [until, later] = daysMeant(said.until, clock);
  if (until && later && said.until.type === "weekday") return `Until ${until.toString()} or until ${later.toString()}?`;
  if (until && isTooFar(until.toPlainDateTime(), clock)) return TOO_FAR;
  return until ? { until, count: undefined } : "There is no such day to end on. Which day do you mean?";
}

function calendarSchedule(said: SaidTimes, given: CalendarRule, clock: Clock): ScheduleResult {
  const reading = readTime(said.time, said.part);
  if (!reading) return asks("The hour and the part of the day do not fit together. At what time should I remind you?");
  if (said.partToday) return asks("I found a repeat and a single day. Which one do you mean?");
  if (given.interval > 1000) return asks("How often should I repeat it?");
  const end = repeatEnd(said, clock);
  if (typeof end === "string") return asks(end);
  const [start, startLater] = said.starting ? daysMeant(said.starting, clock) : [];
  if (start && startLater && said.starting?.type === "weekday" && said.starting.modifier === "next") {
    return asks(`Starting ${start.toString()} or ${startLater.toString()}?`);
  }
  if (said.starting && !start) return asks("There is no such day to start on. Which day do you mean?");
  const today = clock.local.toPlainDate();
  if (start && Temporal.PlainDate.compare(start, today) < 0) return asks("The day to start on is already past. When should it start?");
  const rule = complete(given, said, start ?? null);
  if (typeof rule === "string") return asks(rule);

  const from = start ?? today;
  const at = (time: Temporal.PlainTime): ScheduleReading | null => {
    for (let ahead = 0; ahead <= SEARCH_DAYS; ahead += 1) {
      const day = from.add({ days: ahead });
      const first = day.toPlainDateTime(time);
      if (end.until && Temporal.PlainDate.compare(day, end.until) > 0) return null;
      if (!fits(rule, day) || !isFuture(first, clock)) continue;
      const rrule = ruleText(rule, end.until, end.count);
      return {
        kind: "recurring",
        rrule,
        dtstartLocal: first.toString({ smallestUnit: "second" }),
        tz: clock.timezone,
        assumedTime: reading.assumed,
      };
    }
    return null;
  };
  const schedule = at(reading.time);
  if (!schedule) return asks(NEVER);
  const other = reading.other && at(reading.other);
  return { schedule, alternatives: other ? [other] : [], question: null };
}

/** A repeat as an RFC 5545 rule on the wall clock, or as exact elapsed seconds when it is shorter than a day. */
export function recurringSchedule(said: SaidTimes, repeat: Repeat, clock: Clock): ScheduleResult {
  if (repeat.type === "elapsed") return elapsedSchedule(said, repeat.seconds, clock);
  if (repeat.type === "calendar") return calendarSchedule(said, repeat.rule, clock);
  const readings = repeat.readings.map((rule) => calendarSchedule(said, rule, clock).schedule).filter((reading) => reading !== null);
  return asks(`Do you mean every ${repeat.readings[0].interval} weeks, or once a month?`, readings);
}
