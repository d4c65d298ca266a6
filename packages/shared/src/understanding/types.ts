import type { EntityType, FactType, TemporalSensitivity } from "../enumerations.ts";

export interface UnderstandingContext {
  /** The moment the message was sent. */
  now: Date;
  /** The user's IANA zone: every time in the text is a wall clock there. */
  timezone: string;
  /** BCP 47; decides only whether 1/2/2027 is in January (en-US) or February. Without it such a date is asked about. */
  locale?: string;
}

interface WallClockStart {
  /** Wall clock of the first occurrence, "2026-11-22T09:00:00", in `tz`. */
  dtstartLocal: string;
  tz: string;
  /** Set when `dtstartLocal` comes twice that night and the second one is meant ("in 20 minutes", said in the repeated hour). */
  overlapPolicy?: "second";
}

/** `once`: one instant. `recurring`: an RFC 5545 rule on the wall clock. `interval`: exact elapsed seconds. */
export type SaidSchedule =
  | ({ kind: "once"; at: Date } & WallClockStart)
  | ({ kind: "recurring"; rrule: string } & WallClockStart)
  | ({ kind: "interval"; intervalSeconds: number; countTotal?: number; untilAt?: Date } & WallClockStart);

/** `assumedTime`: no hour was said, so the hour of DAY_PART_HOURS or DEFAULT_HOUR was taken; the echo must say so. */
export type ScheduleReading = SaidSchedule & { assumedTime: boolean };

/** "three days before Dima's birthday": needs a date that only the caller can look up. `anchor` is null when none was named. */
export interface RelativeTime {
  /** ISO 8601 duration, signed: "-P3D" is three days before. */
  offset: string;
  anchor: string | null;
}

export interface Span {
  start: number;
  end: number;
  text: string;
}

export interface ParsedReminder {
  /** Null when the time is missing or not fully understood. `title` is "" when only a time was given. */
  understood: (ScheduleReading & { title: string }) | null;
  /** The words the schedule rests on: UTF-16 offsets into the text. */
  span: Span | null;
  /** What was said besides the title and the time and is not understood. */
  leftOver: string;
  /** Other readings, for example 21:00 for "at 9". */
  alternatives: ScheduleReading[];
  /** What to ask the user; null when nothing is open. */
  question: string | null;
  relative: RelativeTime | null;
}

export interface NamedEntity {
  name: string;
  type: EntityType;
}

interface Quoted {
  /** The verbatim words this rests on: text.slice(start, end), UTF-16 offsets. */
  quote: string;
  start: number;
  end: number;
}

export type Remember = Quoted & {
  kind: "remember";
  content: string;
  factType: FactType;
  temporalSensitivity: TemporalSensitivity;
  /** "2027-03-14", only when the statement names the day explicitly. */
  eventDate?: string;
  entities: NamedEntity[];
};
export type Remind = Quoted & {
  kind: "remind";
  title: string;
  schedule: SaidSchedule;
  assumedTime: boolean;
  alternatives: ScheduleReading[];
};
export type RemindUnclear = Quoted & {
  kind: "remind_unclear";
  title?: string;
  question: string;
  alternatives: ScheduleReading[];
  relative?: RelativeTime;
};
export type Forget = Quoted & { kind: "forget"; what: string };
export type Ask = Quoted & { kind: "ask"; about: string };

export type Understanding = Remember | Remind | RemindUnclear | Forget | Ask;
