import { type RecallKind, recallKinds } from "@mema/shared";
import { type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "../connection/access.ts";
import { conditionsOf, type RecallFilters } from "./candidates.ts";
import { recallParameters } from "./parameters.ts";
import { type Embedding, findNearest, type Near, sampleSimilarities } from "./vectors.ts";

/** A document that means about what the question asks, and what that is worth in units of BM25. */
export interface MeaningHit {
  id: string;
  score: number;
}

/** What is near to the question in meaning, under the same filters as its words. */
export async function findByMeaning(
  tx: UserTransaction,
  embedding: Embedding,
  filters: RecallFilters,
  texts: number,
): Promise<MeaningHit[]> {
  const conditions = conditionsOf(tx, filters);
  const search = { embedding: embedding.values, model: embedding.model, limit: recallParameters.meaningHits };
  // Sent without waiting for each other: the connection answers in turn.
  const [nearest, samples] = await Promise.all([
    Promise.all(
      (filters.kinds ?? recallKinds).map((kind) =>
        findNearest(tx, kind, search, { texts, condition: conditionOf(tx, kind, conditions, filters) }),
      ),
    ),
    Promise.all(recallKinds.map((kind) => sampleSimilarities(tx, kind, search, recallParameters.meaningSample))),
  ]);
  const [near, usual] = [nearest.flat(), samples.flat()];
  if (near.length === 0) return [];
  return weighMeaning(near, usual, texts);
}

function conditionOf(tx: UserTransaction, kind: RecallKind, conditions: SQL | null, { asOf }: RecallFilters): SQL | undefined {
  const all: SQL[] = [];
  if (conditions !== null) {
    const id = kind === "fact" ? sql`v.id` : sql`v.message_id`;
    all.push(sql`exists (select 1 from recall_documents d where d.user_id = ${tx.userId}::uuid and d.id = ${id} and ${conditions})`);
  }
  if (kind === "fact" && asOf === undefined) all.push(sql`v.status = 'active'`);
  return all.length === 0 ? undefined : sql.join(all, sql` and `);
}

/**
 * What similarities are worth, against how similar this user's texts usually are to this question. A model that tells little gives every
 * text about the same; then the best of many stands out by no more than chance lets it, and counts for nothing. Where many stand out (all
 * in the question's language, all that share a word with it, for a model that knows no more), to stand out as they do says nothing either:
 * a text counts by how far it stands out of those. What is only above the usual comes after everything that words find. With too few texts
 * to tell what is usual, all that are somewhat similar come after.
 */
export function weighMeaning(near: readonly Near[], usual: readonly number[], texts: number): MeaningHit[] {
  const { meaning, meaningMargin, meaningMost, meaningFill } = recallParameters;
  if (usual.length < meaningFill.fewest) {
    return near
      .filter(({ similarity }) => similarity >= meaningFill.similarity)
      .map(({ id, similarity }) => ({ id, score: meaningFill.worth * similarity }));
  }
  const mean = usual.reduce((sum, value) => sum + value, 0) / usual.length;
  const deviation = Math.sqrt(usual.reduce((sum, value) => sum + (value - mean) ** 2, 0) / usual.length);
  if (deviation < 1e-9) return [];
  const count = Math.max(texts, usual.length);
  // Among so few no value can stand out by more than the root of their number.
  const few = Math.sqrt(count - 1);
  const chance = Math.min(Math.sqrt(2 * Math.log(count)) + meaningMargin, 0.8 * few);
  const least = Math.min(meaningFill.from, 0.5 * few);
  const unusual = Math.max(deviation, tailDeviation(usual, mean));
  return near.flatMap(({ id, similarity }) => {
    const standsOut = (similarity - mean) / deviation;
    if (standsOut < least) return [];
    const counts = Math.min(meaningMost, meaning * Math.max(0, (similarity - mean) / unusual - chance));
    return [{ id, score: meaningFill.worth * standsOut + counts }];
  });
}

/** The deviation that the most similar fiftieth (but the best two, which may be what is looked for) would have come from by chance. */
function tailDeviation(usual: readonly number[], mean: number): number {
  const rank = Math.max(3, Math.ceil(usual.length / 50));
  const value = usual.toSorted((a, b) => b - a)[rank - 1] ?? mean;
  // The normal distribution's quantile (Abramowitz and Stegun, 26.2.22).
  const t = Math.sqrt(-2 * Math.log(rank / usual.length));
  return (value - mean) / (t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t));
}
