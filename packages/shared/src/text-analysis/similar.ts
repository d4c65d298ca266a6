/**
 * How like two different terms are: 1 for the same, 0.8 when one is the other's beginning ("climb" of "climber"), 0.6 for a likely slip of the
 * pen (one letter wrong, missing, doubled or swapped; two in words of eight or more), else 0. Short words are never alike.
 */
export function similarity(asked: string, known: string): number {
  if (asked === known) return 1;
  const [short, long] = asked.length < known.length ? [asked, known] : [known, asked];
  if (short.length < 4 || long.length - short.length > 3) return 0;
  if (long.startsWith(short)) return 0.8;
  return distance(short, long) <= (short.length >= 8 ? 2 : 1) ? 0.6 : 0;
}

/** Optimal string alignment distance: letters inserted, left out, replaced, or swapped with the next. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (before[column - 2] ?? 0) + 1);
      }
      next.push(best);
    }
    [before, last] = [last, next];
  }
  return last[b.length] ?? 0;
}
