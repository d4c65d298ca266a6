import { offsetMs } from "../../app/time.ts";

export interface ClockChange {
  atMs: number;
  /** How far the clock is put forward (positive) or back. */
  byMinutes: number;
}

const weekMs = 7 * 86_400_000;
const longestMs = 5 * 366 * 86_400_000;

/** When the clocks of a zone change between two instants, to the second; at most the first five years are looked at. */
export function clockChanges(fromMs: number, toMs: number, zone: string): ClockChange[] {
  const end = Math.min(toMs, fromMs + longestMs);
  const changes: ClockChange[] = [];
  let at = fromMs;
  let offset = offsetMs(at, zone);
  while (at < end) {
    const next = Math.min(at + weekMs, end);
    const nextOffset = offsetMs(next, zone);
    if (nextOffset !== offset) {
      let [low, high] = [at, next];
      while (high - low > 1_000) {
        const middle = Math.floor((low + high) / 2);
        if (offsetMs(middle, zone) === offset) low = middle;
        else high = middle;
      }
      changes.push({ atMs: Math.round(high / 1_000) * 1_000, byMinutes: (nextOffset - offset) / 60_000 });
    }
    at = next;
    offset = nextOffset;
  }
  return changes;
}
