export interface Token {
  /** Lower-case, with a straight apostrophe. */
  word: string;
  start: number;
  end: number;
}

/** Words and single punctuation marks. "8:30", "don't", "second-ish" and "1/2/2027" are one token each, so a match never ends inside one. */
export function tokenize(text: string): Token[] {
  return Array.from(text.matchAll(/[\p{L}\p{N}]+(?:['’:./-][\p{L}\p{N}]+)*|\S/gu), (match) => ({
    word: match[0].toLowerCase().replaceAll("’", "'"),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** A grammar rule's result: what it understood, and the index of the token after it. */
export interface Match<T> {
  value: T;
  next: number;
}

const smallNumbers = [
  "zero",
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
  "thirteen",
  "fourteen",
  "fifteen",
  "sixteen",
  "seventeen",
  "eighteen",
  "nineteen",
  "twenty",
];
const numberWords = new Map<string, number>([
  ...smallNumbers.map((word, value): [string, number] => [word, value]),
  ["a", 1],
  ["an", 1],
  ["thirty", 30],
  ["forty", 40],
  ["forty-five", 45],
  ["fifty", 50],
  ["sixty", 60],
  ["ninety", 90],
]);

/** Weekday names to 1 (Monday) to 7, month names to 1 to 12: full names and the usual abbreviations. */
export const weekdays = new Map<string, number>();
for (const [index, name] of ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].entries()) {
  for (const form of [name, `${name}s`, name.slice(0, 3)]) weekdays.set(form, index + 1);
}
weekdays.set("tues", 2).set("thur", 4).set("thurs", 4);

export const months = new Map<string, number>();
for (const [index, name] of [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
].entries()) {
  for (const form of [name, name.slice(0, 3)]) months.set(form, index + 1);
}
months.set("sept", 9);

const ordinals = new Map<string, number>([
  ["first", 1],
  ["second", 2],
  ["third", 3],
  ["fourth", 4],
  ["fifth", 5],
  ["last", -1],
]);

export type Unit = "seconds" | "minutes" | "hours" | "days" | "weeks" | "months" | "years";
const units = new Map<string, Unit>();
for (const [unit, forms] of [
  ["seconds", "second seconds sec secs s"],
  ["minutes", "minute minutes min mins m"],
  ["hours", "hour hours hr hrs h"],
  ["days", "day days d"],
  ["weeks", "week weeks"],
  ["months", "month months"],
  ["years", "year years"],
] as const) {
  for (const form of forms.split(" ")) units.set(form, unit);
}

export function unitOf(word: string | undefined): Unit | undefined {
  return word === undefined || word.length === 1 ? undefined : units.get(word);
}

/** 0 to 9999, in digits or as a word; "a" and "an" are 1. */
export function numberOf(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  return /^\d{1,4}$/.test(word) ? Number(word) : numberWords.get(word);
}

/** "20min", "2h": a number and a unit in one token. */
export function compactDuration(word: string | undefined): { amount: number; unit: Unit } | undefined {
  const match = /^(\d{1,4})([a-z]{1,7})$/.exec(word ?? "");
  const unit = units.get(match?.[2] ?? "");
  return match && unit ? { amount: Number(match[1]), unit } : undefined;
}

/** "first" to "fifth", "last" (-1), "1st" to "31st". */
export function ordinalOf(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  const digits = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(word);
  return digits ? Number(digits[1]) : ordinals.get(word);
}
