/** How well one list of ids, best first, answers one question. */
export interface Quality {
  r5: number;
  r10: number;
  r20: number;
  ndcg10: number;
  mrr: number;
}

export const measures = ["r5", "r10", "r20", "ndcg10", "mrr"] as const;

/** R@k: the share of the relevant that is among the first k. nDCG@10 with binary gains. MRR over the list as it is. */
export function qualityOf(found: readonly string[], relevant: ReadonlySet<string>): Quality {
  const recallAt = (k: number) => found.slice(0, k).filter((id) => relevant.has(id)).length / relevant.size;
  const gain = (rank: number) => 1 / Math.log2(rank + 2);
  const dcg = found.slice(0, 10).reduce((sum, id, rank) => sum + (relevant.has(id) ? gain(rank) : 0), 0);
  const ideal = Array.from({ length: Math.min(10, relevant.size) }, (_, rank) => gain(rank)).reduce((sum, one) => sum + one, 0);
  const first = found.findIndex((id) => relevant.has(id));
  return { r5: recallAt(5), r10: recallAt(10), r20: recallAt(20), ndcg10: dcg / ideal, mrr: first < 0 ? 0 : 1 / (first + 1) };
}

export type Summary = Quality & { questions: number; confidence95: Quality };

/** Means over questions in percent, and half the width of their 95% confidence intervals (normal approximation). */
export function summarise(qualities: readonly Quality[]): Summary {
  const percent = (of: (measure: keyof Quality) => number): Quality => {
    const rounded = (measure: keyof Quality) => Math.round(of(measure) * 1_000) / 10;
    return { r5: rounded("r5"), r10: rounded("r10"), r20: rounded("r20"), ndcg10: rounded("ndcg10"), mrr: rounded("mrr") };
  };
  const count = qualities.length;
  const mean = (measure: keyof Quality) => qualities.reduce((sum, one) => sum + one[measure], 0) / count;
  const halfWidth = (measure: keyof Quality) => {
    const middle = mean(measure);
    const variance = qualities.reduce((sum, one) => sum + (one[measure] - middle) ** 2, 0) / Math.max(1, count - 1);
    return 1.96 * Math.sqrt(variance / count);
  };
  return { questions: count, ...percent(mean), confidence95: percent(halfWidth) };
}

/** The value below which a share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 100) / 100;
}
