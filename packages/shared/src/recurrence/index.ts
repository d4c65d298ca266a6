export { type Anniversary, firstReturn, offsetLocal } from "./anniversaries.ts";
export { checkSchedule } from "./check-schedule.ts";
export * from "./describe-instant.ts";
export type { ClockChangePolicy, Occurrence } from "./local-time.ts";
export { checkTimeZone, isTimeZone, resolveLocal, toLocal } from "./local-time.ts";
export { maxOccurrences, nextOccurrence, occurrences } from "./occurrences.ts";
export type { OccurrenceWindow } from "./occurrences.ts";
export type { CheckedSchedule, Schedule } from "./schedule.ts";
export { maxExtraDates, maxIntervalSeconds, minIntervalSeconds } from "./schedule.ts";
