import type { DayPart, TimeSpec } from "./time-phrases.ts";

/** The hour taken when a day is named without a time. */
export const DEFAULT_HOUR = 9;
/** The hours taken when only a part of the day is named; "tonight" is the night of today. */
export const DAY_PART_HOURS: Readonly<Record<DayPart, number>> = { morning: 9, afternoon: 15, evening: 19, night: 21 };

/** The hours (24-hour clock) that each part of the day may hold, for "at 8 in the evening". */
const partHours: Readonly<Record<DayPart, readonly [number, number]>> = {
  morning: [4, 11],
  afternoon: [12, 18],
  evening: [16, 23],
  night: [18, 23],
};

export interface TimeReading {
  time: Temporal.PlainTime;
  assumed: boolean;
  /** The reading twelve hours away, when neither am nor pm was said. */
  other: Temporal.PlainTime | null;
}

/** The wall-clock time that was said, or null when the hour and the part of the day contradict each other ("at 14:00 in the morning"). */
export function readTime(said: TimeSpec | undefined, part: DayPart | undefined): TimeReading | null {
  if (!said) return { time: new Temporal.PlainTime(part ? DAY_PART_HOURS[part] : DEFAULT_HOUR), assumed: true, other: null };
  const at = (hour: number): Temporal.PlainTime => new Temporal.PlainTime(hour, said.minute, said.second);
  const twelveAway = said.hour < 12 ? said.hour + 12 : 0;
  if (!part) return { time: at(said.hour), assumed: false, other: said.ambiguous ? at(twelveAway) : null };
  const [from, to] = partHours[part];
  const hour = (said.ambiguous ? [said.hour, twelveAway] : [said.hour]).find((candidate) => candidate >= from && candidate <= to);
  return hour === undefined ? null : { time: at(hour), assumed: false, other: null };
}
