/* The page's clock and the words for times. Reminders come with their local time in words from the API. */

/** The present; the page's one clock. */
export const presentMs = (): number => Date.now();

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();
function format(zone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${name}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
  formats.set(key, known);
  return known;
}

/** "Sat 21 Nov 2026" in `zone`. */
export const dayOf = (iso: string, zone: string): string =>
  format(zone, "day", { weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(new Date(iso)).replace(",", "");

/** "14:05" in `zone`. */
export const timeOf = (iso: string, zone: string): string =>
  format(zone, "time", { hour: "2-digit", minute: "2-digit" }).format(new Date(iso));

/** "Sat 21 Nov 2026, 14:05" in `zone`. */
export const momentOf = (iso: string, zone: string): string => `${dayOf(iso, zone)}, ${timeOf(iso, zone)}`;

/** "2026-11-21" in `zone`. */
export const isoDayOf = (iso: string, zone: string): string =>
  format(zone, "iso", { year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(new Date(iso))
    .filter(({ type }) => type !== "literal")
    .toReversed()
    .map(({ value }) => value)
    .join("-");

/** How far `zone` is ahead of UTC at an instant, in milliseconds. */
export function offsetMs(atMs: number, zone: string): number {
  const parts = format(zone, "parts", {
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(new Date(atMs));
  const value = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const wall = Date.UTC(value("year"), value("month") - 1, value("day"), value("hour"), value("minute"), value("second"));
  return wall - Math.floor(atMs / 1000) * 1000;
}

/** The last instant of a day ("2026-11-21") in `zone`, as ISO 8601. */
export function endOfDay(day: string, zone: string): string {
  const wall = Date.parse(`${day}T23:59:59.999Z`);
  const guess = wall - offsetMs(wall, zone);
  return new Date(wall - offsetMs(guess, zone)).toISOString();
}

const distances: [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** "3 hours ago", "in 2 days". */
export function distanceTo(iso: string, nowMs: number): string {
  const away = Date.parse(iso) - nowMs;
  const [unit, size] = distances.find(([, ms]) => Math.abs(away) >= ms) ?? ["second", 1_000];
  if (unit === "second" && Math.abs(away) < 45_000) return "just now";
  return relative.format(Math.round(away / size), unit);
}
