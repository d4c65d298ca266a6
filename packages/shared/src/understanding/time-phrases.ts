import { casual, en, type ParsedResult } from "chrono-node";
import { matchRepeat, type Repeat } from "./repeat-grammar.ts";
import { compactDuration, type Match, months, numberOf, ordinalOf, type Token, type Unit, unitOf, weekdays } from "./tokens.ts";

export type DayPart = "morning" | "afternoon" | "evening" | "night";

/** A day as it was said. `yearless` and `dayOfMonth` mean the next such day. */
export type DaySpec =
  | { type: "full"; date: Temporal.PlainDate; weekday?: number }
  | { type: "yearless"; month: number; day: number; weekday?: number }
  | { type: "weekday"; weekday: number; modifier: "" | "next" | "next week" }
  | { type: "dayOfMonth"; day: number };

/** `ambiguous`: neither am/pm nor a 24-hour form was said ("at 9"). */
export interface TimeSpec {
  hour: number;
  minute: number;
  second: number;
  ambiguous: boolean;
}

interface Moment {
  type: "moment";
  day?: DaySpec;
  time?: TimeSpec;
}

/** A piece of text that says something about time. `unusable` is date-like but not clear, with the reason as a question. */
export type Phrase = { start: number; end: number } & (
  | { type: "repeat"; repeat: Repeat }
  | { type: "after"; duration: Temporal.Duration }
  | { type: "part"; part: DayPart; today: boolean }
  | { type: "until" | "starting" | "except" }
  | { type: "count"; count: number }
  | { type: "relative"; duration: Temporal.Duration; direction: -1 | 1 }
  | Moment
  | { type: "unusable"; question: string; readings?: Moment[] }
);
type PhraseValue = Phrase extends infer P ? (P extends Phrase ? Omit<P, "start" | "end"> : never) : never;

const dayParts = new Map<string, DayPart>([
  ["morning", "morning"],
  ["afternoon", "afternoon"],
  ["evening", "evening"],
  ["night", "night"],
]);
const exceptions = new Set(["except", "excluding", "excepting", "but", "unless"]);

function found(value: PhraseValue, next: number): Match<PhraseValue> {
  return { value, next };
}

/** "20 minutes", "an hour and a half", "half an hour", "one and a half hours", "2h", "1 hour and 20 minutes". */
function matchDuration(tokens: readonly Token[], from: number): Match<Temporal.Duration> | null {
  const word = (index: number): string | undefined => tokens[index]?.word;
  if (word(from) === "half" && (word(from + 1) === "an" || word(from + 1) === "a") && word(from + 2) === "hour") {
    return { value: Temporal.Duration.from({ minutes: 30 }), next: from + 3 };
  }
  const amounts: Partial<Record<Unit, number>> = {};
  let next = from;
  for (;;) {
    const start = next === from ? next : word(next) === "and" || word(next) === "," ? next + 1 : next;
    const compact = compactDuration(word(start));
    let amount = compact?.amount;
    let unit = compact?.unit;
    let after = start + 1;
    let half = false;
    if (!compact) {
      const couple = word(start) === "a" && word(start + 1) === "couple" && word(start + 2) === "of";
      amount = couple ? 2 : numberOf(word(start));
      after = couple ? start + 3 : start + 1;
      if (word(after) === "and" && word(after + 1) === "a" && word(after + 2) === "half") {
        half = true;
        after += 3;
      }
      unit = unitOf(word(after));
      after += 1;
    }
    if (amount === undefined || !unit || amounts[unit] !== undefined) break;
    if (!half && word(after) === "and" && word(after + 1) === "a" && word(after + 2) === "half") {
      half = true;
      after += 3;
    }
    if (half && unit !== "hours") return null;
    amounts[unit] = amount;
    if (half) amounts.minutes = 30;
    next = after;
  }
  return next === from ? null : { value: Temporal.Duration.from(amounts), next };
}

/** Days are counted here and not by chrono, which would count them in the zone of this machine. */
function matchNamedDay(tokens: readonly Token[], from: number, today: Temporal.PlainDate): Match<PhraseValue> | null {
  const words = tokens.slice(from, from + 4).map((token) => token.word);
  const day = (days: number): PhraseValue => ({ type: "moment", day: { type: "full", date: today.add({ days }) } });
  if (words.join(" ") === "the day after tomorrow") return found(day(2), from + 4);
  if (words.slice(0, 3).join(" ") === "day after tomorrow") return found(day(2), from + 3);
  const ahead = new Map([
    ["today", 0],
    ["tomorrow", 1],
    ["yesterday", -1],
  ]).get(words[0] ?? "");
  return ahead === undefined ? null : found(day(ahead), from + 1);
}

function matchOwnPhrase(tokens: readonly Token[], from: number): Match<PhraseValue> | null {
  const word = (index: number): string => tokens[index]?.word ?? "";
  const repeat = matchRepeat(tokens, from);
  if (repeat) return found({ type: "repeat", repeat: repeat.value }, repeat.next);

  if (word(from) === "in" || word(from) === "after") {
    const duration = matchDuration(tokens, from + 1);
    const extra =
      duration && (word(duration.next) === "from" && word(duration.next + 1) === "now" ? 2 : word(duration.next) === "time" ? 1 : 0);
    if (duration && word(from) === "in") return found({ type: "after", duration: duration.value }, duration.next + (extra ?? 0));
  }
  const duration =
    matchDuration(tokens, from) ??
    (word(from) === "the" && word(from + 1) === "day" ? { value: Temporal.Duration.from({ days: 1 }), next: from + 2 } : null);
  if (duration && word(duration.next) === "from" && (word(duration.next + 1) === "now" || word(duration.next + 1) === "today")) {
    return found({ type: "after", duration: duration.value }, duration.next + 2);
  }
  if (duration && ["before", "after"].includes(word(duration.next))) {
    return found({ type: "relative", duration: duration.value, direction: word(duration.next) === "before" ? -1 : 1 }, duration.next + 1);
  }

  const lead = word(from) === "in" && word(from + 1) === "the" ? 2 : ["this", "at"].includes(word(from)) ? 1 : 0;
  const part = dayParts.get(word(from + lead));
  if (part && !(word(from) === "at" && part !== "night"))
    return found({ type: "part", part, today: word(from) === "this" }, from + lead + 1);
  if (word(from) === "tonight") return found({ type: "part", part: "night", today: true }, from + 1);

  if (word(from) === "until" || word(from) === "till") return found({ type: "until" }, from + 1);
  if (word(from) === "starting" || word(from) === "beginning") {
    return found({ type: "starting" }, ["on", "from", "at"].includes(word(from + 1)) ? from + 2 : from + 1);
  }
  if (exceptions.has(word(from))) return found({ type: "except" }, from + 1);
  const counted = word(from) === "for" ? from + 1 : from;
  const count = numberOf(word(counted));
  if (count !== undefined && word(counted + 1) === "times" && !["a", "an", "per", "every", "each"].includes(word(counted + 2))) {
    return found({ type: "count", count }, counted + 2);
  }
  return matchSpokenTime(tokens, from) ?? matchDayOfMonth(tokens, from);
}

const afterHour = new Set([
  "to",
  "about",
  "that",
  "tomorrow",
  "today",
  "tonight",
  "on",
  "every",
  "in",
  "for",
  "until",
  ",",
  ".",
  ":",
  "please",
]);

/** "at nine", "half past eight", "at quarter to 9". */
function matchSpokenTime(tokens: readonly Token[], from: number): Match<PhraseValue> | null {
  const at = tokens[from]?.word === "at";
  const start = at ? from + 1 : from;
  const spoken = at && !/^\d|^an?$/.test(tokens[start]?.word ?? "") ? numberOf(tokens[start]?.word) : undefined;
  const following = tokens[start + 1]?.word;
  if (
    spoken !== undefined &&
    spoken >= 1 &&
    spoken <= 12 &&
    (following === undefined || following === "o'clock" || afterHour.has(following))
  ) {
    return found(
      { type: "moment", time: { hour: spoken, minute: 0, second: 0, ambiguous: true } },
      following === "o'clock" ? start + 2 : start + 1,
    );
  }
  const [first, second] = [tokens[start]?.word ?? "", tokens[start + 1]?.word];
  const minutes = first === "half" ? 30 : first === "quarter" ? 15 : undefined;
  const hour = numberOf(tokens[start + 2]?.word);
  if (minutes === undefined || hour === undefined || hour < 1 || hour > 12) return null;
  if (second === "past") return found({ type: "moment", time: { hour, minute: minutes, second: 0, ambiguous: true } }, start + 3);
  if (second !== "to" || minutes !== 15) return null;
  return found({ type: "moment", time: { hour: hour === 1 ? 12 : hour - 1, minute: 45, second: 0, ambiguous: true } }, start + 3);
}

/** "on the 5th", unless a month follows. */
function matchDayOfMonth(tokens: readonly Token[], from: number): Match<PhraseValue> | null {
  if (tokens[from]?.word !== "on" || tokens[from + 1]?.word !== "the") return null;
  const text = tokens[from + 2]?.word ?? "";
  const day = /^\d/.test(text) ? ordinalOf(text) : undefined;
  const after = tokens[from + 3]?.word ?? "";
  if (day === undefined || day < 1 || day > 31 || after === "of" || months.has(after) || weekdays.has(after)) return null;
  return found({ type: "moment", day: { type: "dayOfMonth", day } }, from + 3);
}

/** Everything in the text that says something about time, in order, without overlaps. `today` is the user's calendar day. */
export function timePhrases(text: string, tokens: readonly Token[], today: Temporal.PlainDate, locale: string | undefined): Phrase[] {
  const phrases: Phrase[] = [];
  let masked = text;
  for (let index = 0; index < tokens.length;) {
    const match = matchNamedDay(tokens, index, today) ?? matchOwnPhrase(tokens, index);
    const [first, last] = match ? [tokens[index], tokens[match.next - 1]] : [];
    if (!match || !first || !last) {
      index += 1;
      continue;
    }
    phrases.push({ ...match.value, start: first.start, end: last.end });
    masked = masked.slice(0, first.start) + "#".repeat(last.end - first.start) + masked.slice(last.end);
    index = match.next;
  }
  return [...phrases, ...chronoPhrases(masked, tokens, today, locale)].toSorted((a, b) => a.start - b.start);
}

/** Noon of the user's day as if it were UTC: chrono then never meets a clock change, nor the zone of this machine. */
function chronoPhrases(text: string, tokens: readonly Token[], today: Temporal.PlainDate, locale: string | undefined): Phrase[] {
  const noon = new Date(today.toZonedDateTime({ timeZone: "UTC", plainTime: "12:00" }).epochMilliseconds);
  const dayFirst = locale !== undefined && locale.toLowerCase() !== "en-us" && locale.toLowerCase() !== "en";
  const starts = new Set(tokens.map((token) => token.start));
  const ends = new Set(tokens.map((token) => token.end));
  return (dayFirst ? en.GB : casual)
    .parse(text, { instant: noon, timezone: 0 })
    .filter((result) => starts.has(result.index) && ends.has(result.index + result.text.length) && isDateLike(result))
    .map((result) => ({ ...momentOf(result, today, locale), start: startOf(result, text), end: result.index + result.text.length }));
}

/** "on the 3rd of May": chrono leaves "on the" out. */
function startOf(result: ParsedResult, text: string): number {
  const article =
    /^\d{1,2}(?:st|nd|rd|th)\b/i.test(result.text) &&
    /\b(?:on\s{1,3})?the\s{1,3}$/i.exec(text.slice(Math.max(0, result.index - 12), result.index));
  return article ? result.index - article[0].length : result.index;
}

/** "sun", "sat", "may", "mar" are also plain words: alone and in lower case they are no date. */
function isDateLike(result: ParsedResult): boolean {
  return !/^(?:sun|sat|wed|mon|may|march|mar|now)$/.test(result.text);
}

function momentOf(result: ParsedResult, today: Temporal.PlainDate, locale: string | undefined): PhraseValue {
  const { start, text } = result;
  const known = (name: Parameters<typeof start.get>[0]): number | undefined =>
    start.isCertain(name) ? (start.get(name) ?? undefined) : undefined;
  if (result.end) return { type: "unusable", question: `"${text}" is a span of time. At which moment should I remind you?` };
  const vague: PhraseValue = { type: "unusable", question: `"${text}" is not an exact time. When should I remind you?` };
  if (/\b(?:now|ago|few|several)\b|\b(?:hour|minute|second|year|quarter|month)s?\b/i.test(text)) return vague;
  if (start.isCertain("timezoneOffset")) return { type: "unusable", question: `"${text}" names a time zone. What time is that for you?` };
  const [year, month, day, hour, minute] = [known("year"), known("month"), known("day"), known("hour"), known("minute")];
  const chronoWeekday = known("weekday");
  const weekday = chronoWeekday === 0 ? 7 : chronoWeekday;
  const time =
    hour === undefined
      ? undefined
      : { hour, minute: minute ?? 0, second: known("second") ?? 0, ambiguous: isAmbiguous(text, hour, start.isCertain("meridiem")) };
  const moment = (named?: DaySpec): Moment => ({ type: "moment", ...(named ? { day: named } : {}), ...(time ? { time } : {}) });
  let spec: DaySpec | undefined;
  if (month !== undefined && day !== undefined) {
    const slashed = /\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?/.test(text) && !/\d{4}[/.-]\d/.test(text) && month !== day && day <= 12;
    if (/\bweek\b/i.test(text)) return vague;
    if (slashed && locale === undefined) {
      const readings = [daySpec(year, day, month, weekday), daySpec(year, month, day, weekday)].map(moment);
      return { type: "unusable", question: `Is "${text}" day/month or month/day?`, readings };
    }
    spec = daySpec(year, month, day, weekday);
  } else if (weekday !== undefined) {
    const modifier = /\bnext\s+week\b/i.test(text) ? "next week" : /\bnext\b/i.test(text) ? "next" : "";
    if (/\blast\b/i.test(text)) spec = { type: "full", date: today.subtract({ days: (today.dayOfWeek - weekday + 7) % 7 || 7 }) };
    else if (modifier === "" && /\bweek\b/i.test(text)) return vague;
    else spec = { type: "weekday", weekday, modifier };
  } else if (month !== undefined || day !== undefined || year !== undefined) return vague;
  return spec || time ? moment(spec) : vague;
}

function daySpec(year: number | undefined, month: number, day: number, weekday: number | undefined): DaySpec {
  const named = weekday === undefined ? {} : { weekday };
  return year === undefined
    ? { type: "yearless", month, day, ...named }
    : { type: "full", date: Temporal.PlainDate.from({ year, month, day }), ...named };
}

function isAmbiguous(text: string, hour: number, meridiemSaid: boolean): boolean {
  return !meridiemSaid && hour >= 1 && hour <= 12 && !/\b0\d[:.h]|noon|T\d\d:/i.test(text);
}
