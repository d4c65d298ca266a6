import { badInput } from "../errors.ts";

export const maxRuleLength = 512;
export const maxCount = 10_000;

const frequencies = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY"] as const;
const subDaily = ["HOURLY", "MINUTELY", "SECONDLY"];
const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

export type Frequency = (typeof frequencies)[number];
export type Weekday = (typeof weekdays)[number];

/** A checked RFC 5545 RRULE, its lists sorted and without repeats. */
export interface Rule {
  freq: Frequency;
  interval: number;
  numbers: Partial<Record<NumberPart, number[]>>;
  byDay: string[];
  wkst: Weekday | undefined;
  /** COUNT, which bounds the rule's own occurrences (before RDATE is added and EXDATE taken away). */
  count: number | undefined;
  /** UNTIL as written: 20271224 (the whole day), 20271224T090000 (wall clock) or 20271224T080000Z. */
  until: string | undefined;
}

/** Bounds of the list parts; `signed` ones also count from the end, -1 being the last. */
const numberParts = {
  BYMONTH: { min: 1, max: 12, signed: false },
  BYWEEKNO: { min: 1, max: 53, signed: true },
  BYYEARDAY: { min: 1, max: 366, signed: true },
  BYMONTHDAY: { min: 1, max: 31, signed: true },
  BYHOUR: { min: 0, max: 23, signed: false },
  BYMINUTE: { min: 0, max: 59, signed: false },
  BYSECOND: { min: 0, max: 59, signed: false },
  BYSETPOS: { min: 1, max: 366, signed: true },
} as const;
export type NumberPart = keyof typeof numberParts;
const numberPartNames = [
  "BYMONTH",
  "BYWEEKNO",
  "BYYEARDAY",
  "BYMONTHDAY",
  "BYHOUR",
  "BYMINUTE",
  "BYSECOND",
  "BYSETPOS",
] as const satisfies readonly NumberPart[];
const known = new Set<string>(["FREQ", "INTERVAL", "BYDAY", "WKST", "COUNT", "UNTIL", ...numberPartNames]);

const refuse = (message: string, limit?: number) => badInput("rrule", message, limit);

/**
 * Parses and checks an RRULE ("FREQ=MONTHLY;BYDAY=-1FR", an "RRULE:" prefix allowed). Nothing in it is ever ignored: a part that is
 * unknown, repeated, out of range or without meaning beside the others is BAD_REQUEST on `rrule`.
 */
export function parseRule(text: string): Rule {
  if (text.length > maxRuleLength) {
    throw refuse(`longer than ${maxRuleLength} characters; split it into several reminders`, maxRuleLength);
  }
  const upper = text.trim().toUpperCase();
  if (/\s|^(DTSTART|EXDATE|RDATE|EXRULE|DURATION)|TZID/.test(upper)) {
    throw refuse("give the rule alone, on one line; start, zone and extra dates go into dtstartLocal, tz, rdatesLocal and exdatesLocal");
  }
  const parts = splitParts(upper.replace(/^RRULE:/, ""));
  const freq = parseFrequency(parts.get("FREQ"));
  const numbers: Rule["numbers"] = {};
  for (const name of numberPartNames) {
    const value = parts.get(name);
    if (value !== undefined) numbers[name] = parseNumbers(name, value);
  }
  const wkstText = parts.get("WKST");
  const wkst = weekdays.find((day) => day === wkstText);
  if (wkstText !== undefined && wkst === undefined) throw refuse(`WKST=${wkstText} is not a weekday; use ${weekdays.join(", ")}`);
  const rule: Rule = {
    freq,
    interval: parseWhole("INTERVAL", parts.get("INTERVAL"), maxCount) ?? 1,
    numbers,
    byDay: parseByDay(parts.get("BYDAY"), freq, numbers),
    wkst,
    count: parseWhole("COUNT", parts.get("COUNT"), maxCount),
    until: parts.get("UNTIL"),
  };
  if (rule.until !== undefined && !/^\d{8}(T\d{6}Z?)?$/.test(rule.until)) {
    throw refuse(`UNTIL=${rule.until} is not a date; write 20271224, 20271224T090000 (in the reminder's zone) or 20271224T080000Z`);
  }
  refuseMeaningless(rule);
  return rule;
}

/** The rule in canonical form, without COUNT and UNTIL (a schedule holds them as countTotal and untilAt). */
export function formatRule({ freq, interval, numbers, byDay, wkst }: Rule): string {
  const parts = [`FREQ=${freq}`];
  if (interval !== 1) parts.push(`INTERVAL=${interval}`);
  for (const name of numberPartNames) {
    if (name === "BYHOUR" && byDay.length > 0) parts.push(`BYDAY=${byDay.join(",")}`);
    const values = numbers[name];
    if (values !== undefined) parts.push(`${name}=${values.join(",")}`);
  }
  if (wkst !== undefined) parts.push(`WKST=${wkst}`);
  return parts.join(";");
}

function splitParts(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.split(";")) {
    const separator = part.indexOf("=");
    const name = part.slice(0, Math.max(separator, 0));
    const value = part.slice(separator + 1);
    if (separator < 1 || value === "") throw refuse(`"${part}" is not NAME=VALUE; write it like FREQ=WEEKLY;BYDAY=MO`);
    if (!known.has(name)) throw refuse(`unknown part ${name}; known are ${[...known].join(", ")}`);
    if (parts.has(name)) throw refuse(`${name} is given twice; list its values in one part, separated by commas`);
    parts.set(name, value);
  }
  return parts;
}

function parseFrequency(value: string | undefined): Frequency {
  if (value === undefined) throw refuse(`FREQ is missing; use ${frequencies.join(", ")}`);
  if (subDaily.includes(value)) {
    throw refuse(
      `FREQ=${value} is not supported; for every N hours or minutes give an interval in seconds instead of a rule (every: { seconds }), for several times a day FREQ=DAILY with BYHOUR and BYMINUTE`,
    );
  }
  const freq = frequencies.find((name) => name === value);
  if (freq === undefined) throw refuse(`unknown FREQ=${value}; use ${frequencies.join(", ")}`);
  return freq;
}

function parseWhole(name: string, value: string | undefined, max: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (number < 1) throw refuse(`${name}=${value} must be a whole number of at least 1`, 1);
  if (number > max) throw refuse(`${name}=${value} must be at most ${max}`, max);
  return number;
}

function parseNumbers(name: NumberPart, value: string): number[] {
  const { min, max, signed } = numberParts[name];
  const values = value.split(",").map((item) => {
    const number = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN;
    const size = signed ? Math.abs(number) : number;
    if (!(size >= min && size <= max) || (!signed && /^[+-]/.test(item))) {
      throw refuse(`${name}=${item} is not within ${signed ? `${min}..${max} or -${max}..-${min}` : `${min}..${max}`}`, max);
    }
    return number;
  });
  return [...new Set(values)].toSorted((a, b) => a - b);
}

function parseByDay(value: string | undefined, freq: Frequency, numbers: Rule["numbers"]): string[] {
  if (value === undefined) return [];
  const maxOrdinal = freq === "MONTHLY" || numbers.BYMONTH !== undefined ? 5 : 52;
  const days = value.split(",").map((item) => {
    const [, sign = "", digits, day = ""] = /^([+-]?)(\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item) ?? [];
    if (day === "" || (digits === undefined && sign !== "")) {
      throw refuse(`BYDAY=${item} is not a weekday; use MO, or 2MO and -1FR for the second Monday and the last Friday`);
    }
    if (digits === undefined) return day;
    if (freq === "WEEKLY" || freq === "DAILY") throw refuse(`BYDAY=${item}: an ordinal needs FREQ=MONTHLY or YEARLY; use BYDAY=${day}`);
    if (numbers.BYWEEKNO !== undefined) throw refuse(`BYDAY=${item}: an ordinal has no meaning beside BYWEEKNO; use BYDAY=${day}`);
    const ordinal = Number(digits);
    if (ordinal < 1 || ordinal > maxOrdinal) {
      throw refuse(`BYDAY=${item}: the ordinal must be within 1..${maxOrdinal} or -${maxOrdinal}..-1`, maxOrdinal);
    }
    return `${sign === "-" ? "-" : ""}${ordinal}${day}`;
  });
  return [...new Set(days)];
}

/**
 * Refuses combinations that RFC 5545 forbids, and those it allows but that implementations read differently: a reminder that
 * fires on other days than the calendar next to it shows is worse than a question.
 */
function refuseMeaningless({ freq, numbers, byDay, count, until }: Rule): void {
  const has = (name: NumberPart) => numbers[name] !== undefined;
  const ordinals = byDay.filter((day) => day.length > 2).length;
  const conflicts: [boolean, string][] = [
    [count !== undefined && until !== undefined, "COUNT and UNTIL exclude each other; give one of them"],
    [freq !== "YEARLY" && has("BYWEEKNO"), "BYWEEKNO needs FREQ=YEARLY"],
    [freq !== "YEARLY" && has("BYYEARDAY"), "BYYEARDAY needs FREQ=YEARLY"],
    [freq === "WEEKLY" && has("BYMONTHDAY"), "BYMONTHDAY has no meaning with FREQ=WEEKLY; use FREQ=MONTHLY or DAILY"],
    [ordinals > 0 && ordinals < byDay.length, "BYDAY mixes days with and without an ordinal; make two reminders of it"],
    [
      freq === "YEARLY" && ordinals > 0 && has("BYMONTHDAY") && !has("BYMONTH"),
      "BYDAY with an ordinal beside BYMONTHDAY needs BYMONTH or FREQ=MONTHLY",
    ],
    [has("BYWEEKNO") && byDay.length === 0, "BYWEEKNO needs BYDAY: say which days of those weeks are meant"],
    [has("BYWEEKNO") && (has("BYYEARDAY") || has("BYMONTHDAY") || has("BYSETPOS")), "BYWEEKNO combines only with BYDAY, BYMONTH and times"],
    [has("BYYEARDAY") && (byDay.length > 0 || has("BYMONTHDAY")), "BYYEARDAY combines only with BYMONTH and times"],
    [has("BYSETPOS") && freq !== "MONTHLY" && freq !== "YEARLY", `BYSETPOS is not supported with FREQ=${freq}; use MONTHLY or YEARLY`],
    [
      has("BYSETPOS") && byDay.length === 0 && numberPartNames.every((name) => name === "BYSETPOS" || !has(name)),
      "BYSETPOS chooses among the days of another part; add BYDAY or BYMONTHDAY",
    ],
  ];
  const timesOfDay = (numbers.BYHOUR?.length ?? 1) * (numbers.BYMINUTE?.length ?? 1);
  conflicts.push([has("BYSETPOS") && timesOfDay > 1, "BYSETPOS chooses among days; give one time of day (one BYHOUR, one BYMINUTE)"]);
  for (const [conflicting, message] of conflicts) if (conflicting) throw refuse(message);
  if ((numbers.BYSECOND?.length ?? 0) > 1) throw refuse("BYSECOND takes one value: occurrences are at least 60 s apart", 60);
}
