/** One way of doing something: an operation that is done again and again. */
export type Ways = Readonly<Record<string, () => Promise<unknown>>>;

export interface Figures {
  p50: number;
  p99: number;
  /** Operations a second: the median over the rounds. */
  perSecond: number;
}

const quantile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;

/**
 * Measures ways against each other: in each round every way takes its turn with `operations` of its own, `concurrency` at a time, so that
 * what disturbs the machine disturbs all of them. Latencies in microseconds. The first round warms up and does not count.
 */
export async function measure<W extends Ways>(
  ways: W,
  { rounds, operations, concurrency }: { rounds: number; operations: number; concurrency: number },
): Promise<Record<keyof W, Figures>> {
  const names = Object.keys(ways) as (keyof W)[];
  const latencies = new Map(names.map((name) => [name, [] as number[]]));
  const rates = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const way = ways[name];
      const taken: number[] = [];
      let left = operations;
      const start = performance.now();
      await Promise.all(
        Array.from({ length: concurrency }, async () => {
          while (left-- > 0) {
            const before = performance.now();
            await way?.();
            taken.push((performance.now() - before) * 1_000);
          }
        }),
      );
      if (round === 0) continue;
      rates.get(name)?.push((operations / (performance.now() - start)) * 1_000);
      latencies.get(name)?.push(...taken);
    }
  }
  const figures = names.map((name) => {
    const sorted = (latencies.get(name) ?? []).toSorted((a, b) => a - b);
    const rate = quantile(
      (rates.get(name) ?? []).toSorted((a, b) => a - b),
      0.5,
    );
    return [name, { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), perSecond: rate }] as const;
  });
  return Object.fromEntries(figures) as Record<keyof W, Figures>;
}
