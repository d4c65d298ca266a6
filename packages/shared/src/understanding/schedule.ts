import { asks, type Clock, collect, daysMeant, isFuture, isTooFar, type SaidTimes, type ScheduleResult, TOO_FAR } from "./said-times.ts";
import { recurringSchedule } from "./recurring-schedule.ts";
import type { DaySpec, Phrase } from "./time-phrases.ts";
import { readTime, type TimeReading } from "./time-of-day.ts";
import type { ScheduleReading } from "./types.ts";
import { instantOf, laterBy } from "./wall-clock.ts";

function onceAt(local: Temporal.PlainDateTime, clock: Clock, assumedTime: boolean): ScheduleReading {
  return {
    kind: "once",
    at: instantOf(local, clock.timezone),
    dtstartLocal: local.toString({ smallestUnit: "second" }),
    tz: clock.timezone,
    assumedTime,
  };
}

function bareTime(reading: TimeReading, clock: Clock): ScheduleResult {
  const nearest = (time: Temporal.PlainTime): ScheduleReading => {
    const today = clock.local.toPlainDate().toPlainDateTime(time);
    return onceAt(isFuture(today, clock) ? today : today.add({ days: 1 }), clock, reading.assumed);
  };
  return { schedule: nearest(reading.time), alternatives: reading.other ? [nearest(reading.other)] : [], question: null };
}

function onDay(spec: DaySpec, reading: TimeReading, clock: Clock): ScheduleResult {
  const days = daysMeant(spec, clock);
  const [first, second] = days;
  if (!first) return asks("There is no such day. Which day do you mean?");
  if (isTooFar(first.toPlainDateTime(), clock)) return asks(TOO_FAR);
  const at = (day: Temporal.PlainDate, time = reading.time): Temporal.PlainDateTime => day.toPlainDateTime(time);
  const future = (candidates: Temporal.PlainDateTime[]): ScheduleReading[] =>
    candidates.filter((candidate) => isFuture(candidate, clock)).map((candidate) => onceAt(candidate, clock, reading.assumed));
  const others = reading.other;
  if (spec.type === "weekday" && spec.modifier === "next" && second) {
    return asks(`Do you mean ${first.toString()} or ${second.toString()}?`, future([at(first), at(second)]));
  }
  if (reading.time.hour === 0 && reading.time.minute === 0 && !reading.assumed && !reading.other) {
    return asks("At the start or at the end of that day?", future([at(first), at(first.add({ days: 1 }))]));
  }
  if (isFuture(at(first), clock)) {
    return {
      schedule: onceAt(at(first), clock, reading.assumed),
      alternatives: future([...(others ? [at(first, others)] : []), ...(second ? [at(second)] : [])]),
      question: null,
    };
  }
  if (second)
    return {
      schedule: onceAt(at(second), clock, reading.assumed),
      alternatives: future(others ? [at(first, others), at(second, others)] : []),
      question: null,
    };
  const isToday = first.equals(clock.local.toPlainDate());
  const question =
    isToday && reading.assumed
      ? "At what time should I remind you?"
      : `${at(first).toString({ smallestUnit: "minute" }).replace("T", " ")} is already past. When should I remind you?`;
  return asks(question, isToday && !reading.assumed ? future([...(others ? [at(first, others)] : []), at(first.add({ days: 1 }))]) : []);
}

function afterDuration(said: SaidTimes, duration: Temporal.Duration, clock: Clock): ScheduleResult {
  if (isTooFar(clock.local.add(duration), clock)) return asks(TOO_FAR);
  if (duration.sign <= 0) return asks("In how long should I remind you?");
  if (said.day || (said.part && said.partToday)) return asks("I found two different times. Which one do you mean?");
  const later = laterBy(clock.now, duration, clock.timezone);
  if (!said.time && !said.part) {
    const { at, start } = later;
    return {
      schedule: { kind: "once", at, ...start, assumedTime: false },
      alternatives: [],
      question: null,
    };
  }
  const reading = readTime(said.time, said.part);
  const hasTime = duration.hours !== 0 || duration.minutes !== 0 || duration.seconds !== 0;
  if (hasTime || !reading) return asks("I found two different times. Which one do you mean?");
  return onDay({ type: "full", date: later.local.toPlainDate() }, reading, clock);
}

/** The schedule that a run of adjoining phrases means. Never guesses: what is past, double, vague or contradictory becomes a question. */
export function scheduleFrom(phrases: readonly Phrase[], clock: Clock): ScheduleResult {
  const unclear = phrases.find((phrase) => phrase.type === "unusable");
  if (unclear?.readings) {
    const read = unclear.readings.map((reading) => phrases.map((phrase) => (phrase === unclear ? { ...phrase, ...reading } : phrase)));
    return asks(
      unclear.question,
      read.flatMap((reading) => scheduleFrom(reading, clock).schedule ?? []),
    );
  }
  const result = scheduleOfUsable(phrases, clock);
  const { schedule } = result;
  return schedule && isTooFar(Temporal.PlainDateTime.from(schedule.dtstartLocal), clock) ? asks(TOO_FAR) : result;
}

function scheduleOfUsable(phrases: readonly Phrase[], clock: Clock): ScheduleResult {
  const said = collect(phrases);
  if (typeof said === "string") return asks(said);
  if (said.repeat)
    return said.after ? asks("I found a repeat and a single time. Which one do you mean?") : recurringSchedule(said, said.repeat, clock);
  if (said.until || said.count !== undefined) return asks("How often should I repeat it?");
  if (said.after) return afterDuration(said, said.after, clock);
  const reading = readTime(said.time, said.part);
  if (!reading) return asks("The hour and the part of the day do not fit together. At what time should I remind you?");
  const today: DaySpec | undefined = said.partToday ? { type: "full", date: clock.local.toPlainDate() } : undefined;
  if (today && (said.day ?? said.starting)) return asks("I found two different days. Which one do you mean?");
  const day = said.day ?? said.starting ?? today;
  return day ? onDay(day, reading, clock) : bareTime(reading, clock);
}
