import type { Repeat } from "./repeat-grammar.ts";
import type { DayPart, DaySpec, Phrase, TimeSpec } from "./time-phrases.ts";
import type { ScheduleReading, UnderstandingContext } from "./types.ts";
import { instantOf, wallClock } from "./wall-clock.ts";

/** What a run of time phrases means: a schedule with its other readings, or the question that must be asked first. */
export interface ScheduleResult {
  schedule: ScheduleReading | null;
  alternatives: ScheduleReading[];
  question: string | null;
}

/** The parts of one run of phrases, each at most once. */
export interface SaidTimes {
  repeat?: Repeat;
  after?: Temporal.Duration;
  day?: DaySpec;
  time?: TimeSpec;
  part?: DayPart;
  partToday?: boolean;
  until?: DaySpec;
  starting?: DaySpec;
  count?: number;
}

/** The user's clock at the moment of the message. */
export interface Clock {
  now: Date;
  timezone: string;
  local: Temporal.PlainDateTime;
}

export function clockOf(context: UnderstandingContext): Clock {
  return { now: context.now, timezone: context.timezone, local: wallClock(context.now, context.timezone) };
}

export function asks(question: string, alternatives: ScheduleReading[] = []): ScheduleResult {
  return { schedule: null, alternatives, question };
}

export function isFuture(local: Temporal.PlainDateTime, clock: Clock): boolean {
  if (Math.abs(local.year - clock.local.year) > 1) return local.year > clock.local.year;
  return instantOf(local, clock.timezone).getTime() > clock.now.getTime();
}

/** As far as a reminder may lie ahead. */
const HORIZON_YEARS = 10;
export const TOO_FAR = `That is more than ${HORIZON_YEARS} years away. When should I remind you?`;

export function isTooFar(local: Temporal.PlainDateTime, clock: Clock): boolean {
  return Temporal.PlainDateTime.compare(local, clock.local.add({ years: HORIZON_YEARS })) > 0;
}

/** The parts that a run of phrases names, or the question to ask when one is named twice or is unusable. */
export function collect(phrases: readonly Phrase[]): SaidTimes | string {
  const said: SaidTimes = {};
  let role: "day" | "until" | "starting" = "day";
  for (const phrase of phrases) {
    switch (phrase.type) {
      case "unusable":
        return phrase.question;
      case "except":
        return "I cannot leave out days of a repeat yet. Which days should I remind you on?";
      case "relative":
        return "Which day is that? Please give me a date.";
      case "repeat":
        if (said.repeat) return "I found two different repeats. Which one do you mean?";
        said.repeat = phrase.repeat;
        break;
      case "after":
        if (said.after) return "I found two different times. Which one do you mean?";
        said.after = phrase.duration;
        break;
      case "part":
        if (said.part) return "I found two different parts of the day. Which one do you mean?";
        said.part = phrase.part;
        said.partToday = phrase.today;
        break;
      case "count":
        if (said.count !== undefined) return "I found two different numbers of times. Which one do you mean?";
        said.count = phrase.count;
        break;
      case "until":
      case "starting":
        role = phrase.type;
        break;
      case "moment":
        if (phrase.time && said.time) return "I found two different times of day. Which one do you mean?";
        if (phrase.time && !phrase.day && role === "until") return "Until which day should I repeat it?";
        if (phrase.time) said.time = phrase.time;
        if (!phrase.day) break;
        if (said[role]) return "I found two different days. Which one do you mean?";
        said[role] = phrase.day;
        role = "day";
        break;
    }
  }
  return role === "day" || (role === "starting" && said.time) ? said : `${role === "until" ? "Until" : "Starting"} which day?`;
}

/** Days that a day as it was said can mean, nearest first; empty when the day does not exist. */
export function daysMeant(spec: DaySpec, clock: Clock): Temporal.PlainDate[] {
  const today = clock.local.toPlainDate();
  switch (spec.type) {
    case "full":
      return spec.weekday === undefined || spec.date.dayOfWeek === spec.weekday ? [spec.date] : [];
    case "yearless":
      for (let year = today.year; year <= today.year + 8; year += 1) {
        const inMonth = Temporal.PlainYearMonth.from({ year, month: spec.month });
        if (spec.day > inMonth.daysInMonth) continue;
        const date = inMonth.toPlainDate({ day: spec.day });
        if (Temporal.PlainDate.compare(date, today) < 0) continue;
        return spec.weekday === undefined || date.dayOfWeek === spec.weekday ? [date] : [];
      }
      return [];
    case "dayOfMonth":
      for (let ahead = 0; ahead <= 12; ahead += 1) {
        const month = today.toPlainYearMonth().add({ months: ahead });
        if (spec.day > month.daysInMonth) continue;
        const date = month.toPlainDate({ day: spec.day });
        if (Temporal.PlainDate.compare(date, today) >= 0) return [date];
      }
      return [];
  }
  const ahead = (spec.weekday - today.dayOfWeek + 7) % 7;
  const nextWeek = today.add({ days: 7 - today.dayOfWeek + spec.weekday });
  if (spec.modifier === "next week") return [nextWeek];
  if (spec.modifier === "next") return spec.weekday > today.dayOfWeek ? [today.add({ days: ahead }), nextWeek] : [nextWeek];
  return ahead === 0 ? [today, nextWeek] : [today.add({ days: ahead })];
}
