const minute = 60;
const retryTableSeconds = [5, 30, 2 * minute, 10 * minute, 30 * minute];
const lastRetrySeconds = 60 * minute;
const jitter = 0.2;

/** The longest Retry-After that is obeyed: one day. */
export const maxRetryAfterSeconds = 86_400;

/**
 * Seconds to wait after the `attempt`-th failed attempt (from 1): 5 s, 30 s, 2 min, 10 min, 30 min, then 1 h each time, scaled by a
 * factor of 0.8 to 1.2 that `random` (in [0, 1)) chooses. The ranges of successive attempts do not overlap until 1 h is reached.
 */
export function retryDelaySeconds(attempt: number, random: number): number {
  if (!Number.isInteger(attempt) || attempt < 1) throw new RangeError("attempt counts from 1");
  const base = retryTableSeconds[attempt - 1] ?? lastRetrySeconds;
  return base * (1 - jitter + 2 * jitter * random);
}

/**
 * Seconds that a Retry-After header (RFC 9110: whole seconds or an HTTP date) asks to wait from `now`, within 0..86,400;
 * null when it is absent or not understood.
 */
export function retryAfterSeconds(header: string | null | undefined, now: Date): number | null {
  const value = header?.trim() ?? "";
  if (/^\d+$/.test(value)) return Math.min(Number(value), maxRetryAfterSeconds);
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}/.test(value)) return null;
  // The obsolete asctime form carries no zone and means GMT.
  const at = Date.parse(value.endsWith("GMT") ? value : `${value} GMT`);
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(0, Math.ceil((at - now.getTime()) / 1000)), maxRetryAfterSeconds);
}
