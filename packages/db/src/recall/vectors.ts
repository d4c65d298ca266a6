import { badInput } from "@mema/shared";
import { type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "../connection/access.ts";
import { embeddingDimensions } from "../schema/base.ts";

/** A text's meaning as a model gave it: 1 to 1,536 numbers. */
export interface Embedding {
  model: string;
  values: readonly number[];
}

export interface VectorSearch {
  /** 1 to 1,536 numbers; compared with the vectors that have as many. */
  embedding: readonly number[];
  limit: number;
  /** Least cosine similarity, -1 to 1. */
  threshold?: number | undefined;
  /** Only vectors of this model. */
  model?: string | undefined;
}

/** One row that is near: its cosine similarity, -1 to 1. */
export interface Near {
  id: string;
  similarity: number;
}

const tables = {
  message: { rows: sql`recall_message_embeddings`, id: sql`v.message_id`, type: sql`halfvec(1536)` },
  fact: { rows: sql`facts`, id: sql`v.id`, type: sql`vector(1536)` },
} as const;

/** Rows that are compared exactly, by their codes: first so many, then so many, then all. */
const widths = [200, 2_000];
/** By how many standard deviations a row that was left out would have to be better than its code tells. */
const certainty = 4;

/**
 * A vector as it is stored: of length 1 and padded with zeros, neither of which changes a cosine. BAD_REQUEST when it has no numbers, more
 * than 1,536, one that is none, or nothing but zeros.
 */
export function toStoredVector(values: readonly number[]): string {
  if (values.length < 1 || values.length > embeddingDimensions) {
    throw badInput("embedding", `must have 1 to ${embeddingDimensions} numbers, not ${values.length}`, embeddingDimensions);
  }
  const length = Math.hypot(...values);
  if (!Number.isFinite(length) || length === 0) throw badInput("embedding", "must hold finite numbers, and not only zeros");
  const padding = Array.from({ length: embeddingDimensions - values.length }, () => 0);
  return `[${[...values.map((value) => Math.fround(value / length)), ...padding].join(",")}]`;
}

const ownVectors = (tx: UserTransaction, embedding: readonly number[], model: string | undefined): SQL => sql`
  v.user_id = ${tx.userId}::uuid and v.embedding is not null
  and coalesce(v.embedding_dimensions, ${embeddingDimensions}) = ${embedding.length}
  ${model === undefined ? sql`` : sql`and v.embedding_model = ${model}`}`;

/**
 * The user's messages or facts that are nearest to a vector, best first: exactly min(limit, how many there are), whatever others stored.
 * `condition` is about the row `v`. Rows are ordered by the distance of their codes, the best compared exactly; when that leaves a doubt
 * whether a better one was left out, more are, and in the end all.
 */
export async function findNearest(
  tx: UserTransaction,
  kind: keyof typeof tables,
  { embedding, limit, threshold = -1, model }: VectorSearch,
  condition: SQL = sql`true`,
): Promise<Near[]> {
  const { rows: table, id, type } = tables[kind];
  const vector = toStoredVector(embedding);
  const own = sql`${ownVectors(tx, embedding, model)} and ${condition}`;
  const best = (found: readonly Near[]) =>
    found
      .toSorted((a, b) => b.similarity - a.similarity || (a.id < b.id ? 1 : -1))
      .slice(0, limit)
      .filter(({ similarity }) => similarity >= threshold);
  for (const width of widths.filter((rows) => rows >= limit)) {
    const compared = await tx.execute<{ id: string; distance: number; similarity: number }>(sql`
      with question as materialized (select ${vector}::${type} as vector),
      coded as materialized (
        select ${id} as id, v.embedding_code <~> (select binary_quantize(vector)::bit(1536) from question) as distance
        from ${table} v where ${own} order by distance limit ${width}
      )
      select coded.id, coded.distance, 1 - (v.embedding <=> (select vector from question)) as similarity
      from coded join ${table} v on v.user_id = ${tx.userId}::uuid and ${id} = coded.id`);
    if (compared.length < width || nothingMissed(compared, limit)) return best(compared);
  }
  return best(
    await tx.execute<{ id: string; similarity: number }>(sql`
      with question as materialized (select ${vector}::${type} as vector)
      select ${id} as id, 1 - (v.embedding <=> (select vector from question)) as similarity
      from ${table} v where ${own} order by v.embedding <=> (select vector from question), id desc limit ${limit}`),
  );
}

/** How similar some of the user's texts are to a vector: the oldest and the newest, `count` at most, or all. */
export async function sampleSimilarities(
  tx: UserTransaction,
  kind: keyof typeof tables,
  { embedding, model }: Pick<VectorSearch, "embedding" | "model">,
  count: number,
): Promise<number[]> {
  const { rows: table, id, type } = tables[kind];
  const own = ownVectors(tx, embedding, model);
  const end = (order: SQL) =>
    sql`(select ${id} as id, v.embedding from ${table} v where ${own} order by ${id} ${order} limit ${Math.ceil(count / 2)})`;
  const rows = await tx.execute<{ similarity: number }>(sql`
    with question as materialized (select ${toStoredVector(embedding)}::${type} as vector)
    select distinct on (id) 1 - (embedding <=> (select vector from question)) as similarity
    from (${end(sql`asc`)} union all ${end(sql`desc`)}) v order by id`);
  return rows.map(({ similarity }) => similarity);
}

/** Rows in the order of what was found, each with its similarity. */
export function withScores<Row extends { id: string }>(rows: readonly Row[], near: readonly Near[]): (Row & { score: number })[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return near.flatMap(({ id, similarity }) => {
    const row = byId.get(id);
    return row === undefined ? [] : [{ ...row, score: similarity }];
  });
}

/**
 * Whether a row that was left out cannot well be among the best: all of them are at least as far by code as the farthest compared one. How
 * similarity falls with that distance, and how much it scatters, the compared rows tell (a line by least squares).
 */
function nothingMissed(compared: readonly { distance: number; similarity: number }[], limit: number): boolean {
  const count = compared.length;
  const mean = (of: (row: { distance: number; similarity: number }) => number) => compared.reduce((sum, row) => sum + of(row), 0) / count;
  const [distance, similarity] = [mean((row) => row.distance), mean((row) => row.similarity)];
  const variance = mean((row) => (row.distance - distance) ** 2);
  if (variance === 0) return false;
  const slope = mean((row) => (row.distance - distance) * (row.similarity - similarity)) / variance;
  const scatter = Math.sqrt(mean((row) => (row.similarity - similarity - slope * (row.distance - distance)) ** 2));
  const farthest = Math.max(...compared.map((row) => row.distance));
  const worst = compared.map((row) => row.similarity).toSorted((a, b) => b - a)[limit - 1] ?? -1;
  return worst >= similarity + slope * (farthest - distance) + certainty * scatter;
}
