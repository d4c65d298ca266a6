import { formatLocal, instantOf } from "./local-time.ts";

/** An instant in the words of a person in `tz`. */
export interface InstantDescription {
  /** "2026-11-23T09:00:00" */
  local: string;
  tz: string;
  /** "in 20 minutes", "tomorrow at 09:00", "3 days ago" */
  relative: string;
  /** "Mon 23 Nov 2026, 09:00 (Europe/Berlin), in 2 days" */
  sentence: string;
}

const weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Describes `at` in plain English for someone in `tz` at `now`: seconds, minutes and hours are elapsed time, from the next day on
 * the distance counts calendar days, weeks, months and years in the zone.
 */
export function describeInstant(at: Date, tz: string, now: Date): InstantDescription {
  const there = instantOf(at).toZonedDateTimeISO(tz);
  const here = instantOf(now).toZonedDateTimeISO(tz);
  const time = there.toPlainTime().toString({ smallestUnit: there.second === 0 ? "minute" : "second" });
  const distance = describeDistance(there, here);
  const weekday = weekdayNames[there.dayOfWeek - 1] ?? "";
  const month = monthNames[there.month - 1] ?? "";
  return {
    local: formatLocal(there.toPlainDateTime()),
    tz: there.timeZoneId,
    relative: distance === "tomorrow" || distance === "yesterday" ? `${distance} at ${time}` : distance,
    sentence: `${weekday} ${there.day} ${month} ${there.year}, ${time} (${there.timeZoneId}), ${distance}`,
  };
}

function describeDistance(there: Temporal.ZonedDateTime, here: Temporal.ZonedDateTime): string {
  const seconds = Math.round((there.epochMilliseconds - here.epochMilliseconds) / 1000);
  const size = Math.abs(seconds);
  if (size === 0) return "now";
  if (size < 60) return phrase(seconds, size, "second");
  if (size < 59.5 * 60) return phrase(seconds, Math.round(size / 60), "minute");
  const days = Math.abs(here.toPlainDate().until(there.toPlainDate()).days);
  if (days === 0 || size < 6 * 3600) return phrase(seconds, Math.round(size / 3600), "hour");
  if (days === 1) return seconds > 0 ? "tomorrow" : "yesterday";
  if (days < 14) return phrase(seconds, days, "day");
  const { years, months } = here.toPlainDate().until(there.toPlainDate(), { largestUnit: "years" });
  if (years !== 0) return phrase(seconds, Math.abs(years), "year");
  if (Math.abs(months) > 1) return phrase(seconds, Math.abs(months), "month");
  return phrase(seconds, Math.floor(days / 7), "week");
}

function phrase(sign: number, amount: number, unit: string): string {
  const words = `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  return sign > 0 ? `in ${words}` : `${words} ago`;
}
