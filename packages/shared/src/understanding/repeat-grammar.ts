import { type Match, months, numberOf, ordinalOf, type Token, type Unit, unitOf, weekdays } from "./tokens.ts";

/** A repeat on the calendar. What is left empty (the day of "every month") comes from another part of the sentence, or is asked for. */
export interface CalendarRule {
  frequency: "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";
  interval: number;
  /** 1 (Monday) to 7. */
  weekdays: number[];
  /** The n-th weekday of the month; -1 is the last. */
  nth?: { ordinal: number; weekday: number };
  /** 1 to 31; -1 is the last day of the month. */
  monthDays: number[];
  month?: number;
}

export type Repeat =
  | { type: "calendar"; rule: CalendarRule }
  | { type: "elapsed"; seconds: number }
  | { type: "ambiguous"; readings: [CalendarRule, CalendarRule] };

type Tokens = readonly Token[];
const workdays = [1, 2, 3, 4, 5];
const dayParts = new Set(["morning", "afternoon", "evening", "night"]);
const adverbs = new Map<string, CalendarRule["frequency"]>([
  ["daily", "DAILY"],
  ["everyday", "DAILY"],
  ["weekly", "WEEKLY"],
  ["monthly", "MONTHLY"],
  ["yearly", "YEARLY"],
  ["annually", "YEARLY"],
]);
/** After "daily" one of these (or nothing) means a repeat; a noun ("daily report") does not. */
const afterAdverb = new Set(["at", "on", "until", "till", "for", "from", "starting", "to", "about", ",", ":", ".", "in", "except"]);

function rule(frequency: CalendarRule["frequency"], parts: Partial<CalendarRule> = {}): CalendarRule {
  return { frequency, interval: 1, weekdays: [], monthDays: [], ...parts };
}

function calendar(value: CalendarRule, next: number): Match<Repeat> {
  return { value: { type: "calendar", rule: value }, next };
}

/** "Monday", "Monday and Thursday", "Mon, Wed and Fri". */
function weekdayList(tokens: Tokens, from: number): Match<number[]> | null {
  const found: number[] = [];
  let next = from;
  for (let index = from; index < tokens.length;) {
    const day = weekdays.get(tokens[index]?.word ?? "");
    if (day === undefined) break;
    found.push(day);
    next = index + 1;
    index = next;
    while (index < next + 2 && [",", "and", "&"].includes(tokens[index]?.word ?? "")) index += 1;
    if (tokens[index]?.word === "on") index += 1;
  }
  return found.length === 0 ? null : { value: [...new Set(found)].toSorted((a, b) => a - b), next };
}

/** "14 March", "March 14th", "the 14th of March". */
function monthAndDay(tokens: Tokens, from: number): Match<{ month: number; day: number }> | null {
  let index = from;
  if (tokens[index]?.word === "the") index += 1;
  const first = tokens[index]?.word ?? "";
  const monthFirst = months.get(first);
  if (monthFirst !== undefined) {
    if (tokens[index + 1]?.word === "the") index += 1;
    const day = dayNumber(tokens[index + 1]?.word);
    return day === null ? null : { value: { month: monthFirst, day }, next: index + 2 };
  }
  const day = dayNumber(first);
  if (day === null) return null;
  if (tokens[index + 1]?.word === "of") index += 1;
  const month = months.get(tokens[index + 1]?.word ?? "");
  return month === undefined ? null : { value: { month, day }, next: index + 2 };
}

function dayNumber(word: string | undefined): number | null {
  const value = /^\d{1,2}$/.test(word ?? "") ? Number(word) : ordinalOf(word);
  return value !== undefined && value >= 1 && value <= 31 ? value : null;
}

/** "of the month", "of every month", "of each month": the index after it. `explicit`: "of the month" alone does not say that it repeats. */
function ofMonth(tokens: Tokens, from: number, explicit: boolean): number | null {
  const determiner = tokens[from + 1]?.word ?? "";
  const fits = ["every", "each"].includes(determiner) || (!explicit && determiner === "the");
  return ["of", "in"].includes(tokens[from]?.word ?? "") && fits && tokens[from + 2]?.word === "month" ? from + 3 : null;
}

/** The day inside a month: "the 1st", "the 1st and 15th", "day 15", "the last day", "the last Friday". */
function dayOfMonth(tokens: Tokens, from: number): Match<Partial<CalendarRule>> | null {
  let index = from;
  if (tokens[index]?.word === "the") index += 1;
  if (tokens[index]?.word === "day") {
    const day = numberOf(tokens[index + 1]?.word);
    return day !== undefined && day >= 1 && day <= 31 ? { value: { monthDays: [day] }, next: index + 2 } : null;
  }
  const ordinal = ordinalOf(tokens[index]?.word);
  if (ordinal === undefined || ordinal === 0 || ordinal > 31) return null;
  const weekday = weekdays.get(tokens[index + 1]?.word ?? "");
  if (weekday !== undefined) return ordinal > 5 ? null : { value: { nth: { ordinal, weekday } }, next: index + 2 };
  if (tokens[index + 1]?.word === "day") return { value: { monthDays: [ordinal] }, next: index + 2 };
  if (ordinal === -1) return null;
  const days = [ordinal];
  index += 1;
  while (["and", ",", "&"].includes(tokens[index]?.word ?? "")) {
    const after = tokens[index + 1]?.word === "the" ? index + 2 : index + 1;
    const more = ordinalOf(tokens[after]?.word);
    if (more === undefined || more < 1 || more > 31) break;
    days.push(more);
    index = after + 1;
  }
  return { value: { monthDays: days }, next: index };
}

function everyUnit(tokens: Tokens, interval: number, unit: Unit, from: number): Match<Repeat> | null {
  const on = tokens[from]?.word === "on" ? from + 1 : from;
  switch (unit) {
    case "seconds":
      return { value: { type: "elapsed", seconds: interval }, next: from };
    case "minutes":
      return { value: { type: "elapsed", seconds: interval * 60 }, next: from };
    case "hours": {
      const half = tokens[from]?.word === "and" && tokens[from + 1]?.word === "a" && tokens[from + 2]?.word === "half";
      return { value: { type: "elapsed", seconds: interval * 3600 + (half ? 1800 : 0) }, next: half ? from + 3 : from };
    }
    case "days":
      return calendar(rule("DAILY", { interval }), from);
    case "weeks": {
      const days = on === from ? null : weekdayList(tokens, on);
      return calendar(rule("WEEKLY", { interval, weekdays: days?.value ?? [] }), days?.next ?? from);
    }
    case "months": {
      const day = on === from ? null : dayOfMonth(tokens, on);
      return calendar(rule("MONTHLY", { interval, ...day?.value }), day?.next ?? from);
    }
  }
  const date = on === from ? null : monthAndDay(tokens, on);
  return date
    ? calendar(rule("YEARLY", { interval, month: date.value.month, monthDays: [date.value.day] }), date.next)
    : calendar(rule("YEARLY", { interval }), from);
}

/** What follows "every" or "each". */
function afterEvery(tokens: Tokens, from: number): Match<Repeat> | null {
  const word = tokens[from]?.word ?? "";
  const following = tokens[from + 1]?.word;
  if (["weekday", "workday"].includes(word)) return calendar(rule("WEEKLY", { weekdays: workdays }), from + 1);
  if (["working", "work", "business"].includes(word) && following === "day")
    return calendar(rule("WEEKLY", { weekdays: workdays }), from + 2);
  if (dayParts.has(word)) return calendar(rule("DAILY"), from);
  if (word === "half" && ["hour", "an"].includes(following ?? "")) {
    const next = following === "an" && tokens[from + 2]?.word === "hour" ? from + 3 : from + 2;
    return following === "an" && next === from + 2 ? null : { value: { type: "elapsed", seconds: 1800 }, next };
  }
  const yearly = monthAndDay(tokens, from);
  if (yearly) return calendar(rule("YEARLY", { month: yearly.value.month, monthDays: [yearly.value.day] }), yearly.next);
  const monthly = dayOfMonth(tokens, from);
  const monthlyEnd = monthly && ofMonth(tokens, monthly.next, false);
  if (monthly && monthlyEnd) return calendar(rule("MONTHLY", monthly.value), monthlyEnd);

  const days = weekdayList(tokens, from);
  if (days) return calendar(rule("WEEKLY", { weekdays: days.value }), days.next);
  const plain = unitOf(word);
  if (plain && word !== "second") return everyUnit(tokens, 1, plain, from + 1);

  const ordinal = word === "other" ? 2 : ordinalOf(word);
  const interval = ordinal ?? (["a", "an"].includes(word) ? undefined : numberOf(word));
  if (interval === undefined || interval < 1) return null;
  const weekday = weekdays.get(following ?? "");
  if (weekday !== undefined) {
    const everySo = rule("WEEKLY", { interval, weekdays: [weekday] });
    if (word === "other") return calendar(everySo, from + 2);
    if (ordinal === undefined || ordinal > 5) return null;
    return { value: { type: "ambiguous", readings: [everySo, rule("MONTHLY", { nth: { ordinal, weekday } })] }, next: from + 2 };
  }
  const unit = unitOf(following);
  return unit ? everyUnit(tokens, interval, unit, from + 2) : null;
}

/** The repeat that starts at this token, or null: an own small grammar, so that what it does not know is left over and can be asked about. */
export function matchRepeat(tokens: Tokens, from: number): Match<Repeat> | null {
  const start = tokens[from]?.word === "on" ? from + 1 : from;
  const word = tokens[start]?.word ?? "";
  if (word === "every" || word === "each") return afterEvery(tokens, start + 1);
  if (word === "hourly") return { value: { type: "elapsed", seconds: 3600 }, next: start + 1 };
  const adverb = adverbs.get(word);
  if (adverb && (tokens[start + 1] === undefined || afterAdverb.has(tokens[start + 1]?.word ?? ""))) {
    const unit = ({ DAILY: "days", WEEKLY: "weeks", MONTHLY: "months", YEARLY: "years" } as const)[adverb];
    return everyUnit(tokens, 1, unit, start + 1);
  }
  if (word === "weekdays" || word === "workdays") return calendar(rule("WEEKLY", { weekdays: workdays }), start + 1);
  if (weekdays.has(word) && word.endsWith("days")) {
    const days = weekdayList(tokens, start);
    if (days) return calendar(rule("WEEKLY", { weekdays: days.value }), days.next);
  }
  const monthly = dayOfMonth(tokens, start);
  const monthlyEnd = monthly && ofMonth(tokens, monthly.next, true);
  return monthly && monthlyEnd ? calendar(rule("MONTHLY", monthly.value), monthlyEnd) : null;
}
