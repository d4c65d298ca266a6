import { type Period, dateIn, lastDayOfWeek, period, type Read, season, type Unit, unitAround, weekend } from "./calendar.ts";
import type { Language } from "./languages.ts";
import { languageOf, wordsOf } from "./terms.ts";
import { timesIn } from "./time-words.ts";

export type { Period } from "./calendar.ts";

const months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

const month = `(?:${months.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`).join("|")}|sept)\\b\\.?`;
const day = "(\\d{1,2})(?:st|nd|rd|th)?\\b";
const count = `(\\d{1,3}|an?|${numbers.slice(1).join("|")}|a couple of|a few)`;

const monthNumber = (name: string | undefined): number =>
  months.findIndex((one) => one.startsWith((name ?? "").slice(0, 3).toLowerCase())) + 1;
const countOf = (word: string | undefined): number => {
  const text = (word ?? "").toLowerCase();
  if (text === "a couple of") return 2;
  if (text === "a few") return 3;
  return numbers.includes(text) ? numbers.indexOf(text) : Number(text) || 1;
};
const unitOf = (word: string | undefined): Unit => {
  const text = (word ?? "").toLowerCase();
  return text.startsWith("d") ? "days" : text.startsWith("w") ? "weeks" : text.startsWith("m") ? "months" : "years";
};

const dated = (today: Temporal.ZonedDateTime, name: string | undefined, day: string | undefined, year: string | undefined) =>
  name === undefined ? null : dateIn(today, monthNumber(name), day, year);

const seasons: Readonly<Record<string, number>> = { spring: 3, summer: 6, autumn: 9, fall: 9, winter: 12 };

/** Each form with how it is read. The first that matches at a place wins, and what it matched is not read again. */
const forms: readonly (readonly [RegExp, Read])[] = [
  [/\b(\d{4})-(\d{2})-(\d{2})\b/gi, ([, year, at, dayOfMonth], today) => dated(today, months[Number(at) - 1], dayOfMonth, year)],
  [
    new RegExp(`\\b${day}(?: of)? (${month}),?(?: (\\d{4})\\b)?`, "gi"),
    ([, dayOfMonth, name, year], today) => dated(today, name, dayOfMonth, year),
  ],
  [
    new RegExp(`\\b(${month}) ${day}(?!:)(?:,? (\\d{4})\\b)?`, "gi"),
    ([, name, dayOfMonth, year], today) => dated(today, name, dayOfMonth, year),
  ],
  [new RegExp(`\\b(${month}),? (\\d{4})\\b`, "gi"), ([, name, year], today) => dated(today, name, undefined, year)],
  [
    new RegExp(`\\b(?:in|since|during|of|early|late|mid|last|this|every)[ -](${month})`, "gi"),
    ([, name], today) => dated(today, name, undefined, undefined),
  ],
  [
    new RegExp(`\\b${count} (days?|weeks?|months?|years?) ago\\b`, "gi"),
    ([, number, unit], today) => period(unitAround(today.subtract({ [unitOf(unit)]: countOf(number) }), unitOf(unit))),
  ],
  [
    new RegExp(`\\b(?:last|past|previous) ${count} (days?|weeks?|months?|years?)\\b`, "gi"),
    ([, number, unit], today) => period([today.subtract({ [unitOf(unit)]: countOf(number) }), today.add({ days: 1 })]),
  ],
  [/\bday before yesterday\b/gi, (_, today) => period(unitAround(today.subtract({ days: 2 }), "days"))],
  [/\b(?:yesterday|last night)\b/gi, (_, today) => period(unitAround(today.subtract({ days: 1 }), "days"))],
  [/\b(?:today|tonight|this (?:morning|afternoon|evening))\b/gi, (_, today) => period(unitAround(today, "days"))],
  [/\b(this|last|previous|past) weekend\b/gi, ([, which], today) => weekend(today, which?.toLowerCase() === "this" ? 0 : 1)],
  [
    /\b(this|last|previous|past) (week|month|year)\b/gi,
    ([, which, unit], today) =>
      period(unitAround(which?.toLowerCase() === "this" ? today : today.subtract({ [unitOf(unit)]: 1 }), unitOf(unit))),
  ],
  [
    new RegExp(`\\b(?:on|last|this past|previous) (${weekdays.join("|")})\\b`, "gi"),
    ([, name], today) => lastDayOfWeek(today, weekdays.indexOf((name ?? "").toLowerCase()) + 1),
  ],
  [
    /\b(last|this) (spring|summer|autumn|fall|winter)\b/gi,
    ([, which, name], today) => season(today, seasons[(name ?? "").toLowerCase()] ?? 1, which?.toLowerCase() === "last"),
  ],
  [
    /\b(?:in|since|during|of|year) ((?:19|20)\d{2})\b/gi,
    ([, year], today) => period(unitAround(today.with({ year: Number(year) }), "years")),
  ],
];

/**
 * The times that a question names: dates, months, years, "last week", "two days ago", "on Monday". Read in English, in the language of the
 * question (`expected`: the user's) where it is German, French or Spanish, and in Russian, Chinese and Japanese. Relative ones count back
 * from `now` in the user's zone: what is remembered lies in the past. Empty when it names none.
 */
export function periodsOf(text: string, now: Date, timeZone: string, expected?: Language | null): Period[] {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone).startOfDay();
  const periods: Period[] = [];
  let rest = text;
  for (const [form, read] of [...timesIn(languageOf(wordsOf(text), expected)), ...forms]) {
    rest = rest.replace(form, (...groups: unknown[]) => {
      const found = read(
        groups.map((group) => (typeof group === "string" ? group : undefined)),
        today,
      );
      if (found === null) return String(groups[0]);
      periods.push(found);
      return " ";
    });
  }
  return periods;
}

/** Periods as spans of time; the same days of every year as the last of them that has begun. */
export const spansOf = (periods: readonly Period[], now: Date): { from: Date; to: Date }[] =>
  periods.flatMap((one) =>
    "from" in one
      ? [one]
      : inYearsAround(one, now)
          .filter(({ from }) => from <= now)
          .slice(-1),
  );

const dayMs = 86_400_000;

/**
 * How near an instant is to the nearest of the periods: 1 inside, less by half with every `halfLifeDays` after its end, twice as fast
 * before its beginning, because people tell what has happened. Days of every year are taken in UTC.
 */
export function closeness(periods: readonly Period[], at: Date, halfLifeDays: number): number {
  let nearest = Infinity;
  for (const one of periods) {
    for (const { from, to } of "from" in one ? [one] : inYearsAround(one, at)) {
      const gap = at < from ? 2 * (from.getTime() - at.getTime()) : Math.max(0, at.getTime() - to.getTime());
      nearest = Math.min(nearest, gap);
    }
  }
  return 0.5 ** (nearest / dayMs / halfLifeDays);
}

const inYearsAround = (days: { month: number; day: number | null }, at: Date): { from: Date; to: Date }[] =>
  [-1, 0, 1].map((offset) => {
    const year = at.getUTCFullYear() + offset;
    const to = days.day === null ? Date.UTC(year, days.month, 1) : Date.UTC(year, days.month - 1, days.day + 1);
    return { from: new Date(Date.UTC(year, days.month - 1, days.day ?? 1)), to: new Date(to) };
  });
