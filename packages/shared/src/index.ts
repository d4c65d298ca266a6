export * from "./enumerations.ts";
export * from "./errors.ts";
export * from "./input.ts";
export * from "./result.ts";
export * from "./understanding/types.ts";
export { MAX_REMINDER_CHARS, parseReminder } from "./understanding/reminder.ts";
export { MAX_STATEMENT_CHARS } from "./understanding/statements.ts";
export { DAY_PART_HOURS, DEFAULT_HOUR } from "./understanding/time-of-day.ts";
export { MAX_ANALYSED_CHARS, MAX_UNDERSTANDINGS, understand } from "./understanding/understand.ts";
