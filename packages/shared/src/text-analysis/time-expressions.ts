/** A span of time, or the same days of every year. Months are 1 to 12; without a day the whole month. */
export type Period = { from: Date; to: Date } | { month: number; day: number | null };

const months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

const month = `(?:${months.map((name) => `${name.slice(0, 3)}(?:${name.slice(3)})?`).join("|")}|sept)\\b\\.?`;
const day = "(\\d{1,2})(?:st|nd|rd|th)?\\b";
const count = `(\\d{1,3}|an?|${numbers.slice(1).join("|")}|a couple of|a few)`;

type Read = (groups: (string | undefined)[], today: Temporal.ZonedDateTime) => Period | null;
type Span = [from: Temporal.ZonedDateTime, to: Temporal.ZonedDateTime];

const period = ([from, to]: Span): Period => ({ from: new Date(from.epochMilliseconds), to: new Date(to.epochMilliseconds) });
const monthNumber = (name: string | undefined): number =>
  months.findIndex((one) => one.startsWith((name ?? "").slice(0, 3).toLowerCase())) + 1;
const countOf = (word: string | undefined): number => {
  const text = (word ?? "").toLowerCase();
  if (text === "a couple of") return 2;
  if (text === "a few") return 3;
  return numbers.includes(text) ? numbers.indexOf(text) : Number(text) || 1;
};
const unitOf = (word: string | undefined): "days" | "weeks" | "months" | "years" => {
  const text = (word ?? "").toLowerCase();
  return text.startsWith("d") ? "days" : text.startsWith("w") ? "weeks" : text.startsWith("m") ? "months" : "years";
};

/** The calendar unit that holds a day. Weeks begin on Monday. */
function unitAround(at: Temporal.ZonedDateTime, unit: "days" | "weeks" | "months" | "years"): Span {
  const from =
    unit === "days"
      ? at
      : unit === "weeks"
        ? at.subtract({ days: at.dayOfWeek - 1 })
        : at.with(unit === "months" ? { day: 1 } : { month: 1, day: 1 });
  return [from, from.add({ [unit]: 1 })];
}

function dated(
  today: Temporal.ZonedDateTime,
  name: string | undefined,
  dayText: string | undefined,
  yearText: string | undefined,
): Period | null {
  if (name === undefined) return null;
  const number = monthNumber(name);
  const dayOfMonth = dayText === undefined ? null : Number(dayText);
  if (dayOfMonth !== null && (dayOfMonth < 1 || dayOfMonth > 31)) return null;
  if (yearText === undefined) return { month: number, day: dayOfMonth };
  const from = today.with({ year: Number(yearText), month: number, day: dayOfMonth ?? 1 });
  return period(unitAround(from, dayOfMonth === null ? "months" : "days"));
}

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
  [
    /\b(this|last|previous|past) weekend\b/gi,
    ([, which], today) => {
      const saturday = today.add({ days: 6 - today.dayOfWeek - (which?.toLowerCase() === "this" ? 0 : 7) });
      return period([saturday, saturday.add({ days: 2 })]);
    },
  ],
  [
    /\b(this|last|previous|past) (week|month|year)\b/gi,
    ([, which, unit], today) =>
      period(unitAround(which?.toLowerCase() === "this" ? today : today.subtract({ [unitOf(unit)]: 1 }), unitOf(unit))),
  ],
  [
    new RegExp(`\\b(?:on|last|this past|previous) (${weekdays.join("|")})\\b`, "gi"),
    ([, name], today) => {
      const back = (today.dayOfWeek - weekdays.indexOf((name ?? "").toLowerCase()) - 1 + 7) % 7 || 7;
      return period(unitAround(today.subtract({ days: back }), "days"));
    },
  ],
  [
    /\b(last|this) (spring|summer|autumn|fall|winter)\b/gi,
    ([, which, season], today) => {
      const begins = today.with({ month: seasons[(season ?? "").toLowerCase()] ?? 1, day: 1 });
      const latest = Temporal.ZonedDateTime.compare(begins, today) > 0 ? begins.subtract({ years: 1 }) : begins;
      const over = Temporal.ZonedDateTime.compare(latest.add({ months: 3 }), today) <= 0;
      const from = which?.toLowerCase() === "last" && !over ? latest.subtract({ years: 1 }) : latest;
      return period([from, from.add({ months: 3 })]);
    },
  ],
  [
    /\b(?:in|since|during|of|year) ((?:19|20)\d{2})\b/gi,
    ([, year], today) => period(unitAround(today.with({ year: Number(year) }), "years")),
  ],
];

/**
 * The times that a question names in English: dates, months, years, "last week", "two days ago", "on Monday". Relative ones count back
 * from `now` in the user's zone: what is remembered lies in the past. Empty when it names none.
 */
export function periodsOf(text: string, now: Date, timeZone: string): Period[] {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone).startOfDay();
  const periods: Period[] = [];
  let rest = text;
  for (const [form, read] of forms) {
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
