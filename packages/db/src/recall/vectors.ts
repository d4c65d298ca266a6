import { badInput } from "@mema/shared";
import { eq, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "../connection/access.ts";
import { embeddingDimensions } from "../schema/base.ts";
import { recallStatistics } from "../schema/index.ts";

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
  message: {
    rows: sql`recall_message_embeddings`,
    id: sql`v.message_id`,
    type: sql`halfvec(1536)`,
    // Up to so many rows of a user all are compared at once: their codes would save nothing.
    fewest: 10_000,
  },
  fact: {
    rows: sql`facts`,
    id: sql`v.id`,
    type: sql`vector(1536)`,
    fewest: 500,
  },
} as const;

/** Of more rows the nearest by code are compared exactly, first so many (or four for each one that is asked for), then twice as many. */
const firstCompared = 200;
/** After so many times twice as many all are compared. */
const doublings = 3;
/**
 * The codes of so many of the oldest texts, and of the newest, tell how near the nearest will be about: what is farther than twice as many as
 * are wanted is passed over, unless a condition leaves fewer. To sort all of them would cost a fifth more.
 */
const sampledCodes = 500;
/** By how many standard deviations a row that was left out would have to be better than its code tells. */
const certainty = 5;

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

interface Compared extends Near {
  /** In how many dimensions the codes differ. */
  distance: number;
}

type Row = [id: string, distance: number, similarity: number];
const toCompared = ([id, distance, similarity]: Row): Compared => ({ id, distance, similarity });

/** A vector that is looked for, among the vectors of one kind that can be compared with it. */
function asked(tx: UserTransaction, kind: keyof typeof tables, { embedding, model }: Pick<VectorSearch, "embedding" | "model">) {
  const { rows, id, type } = tables[kind];
  return {
    rows,
    id,
    question: sql`question as materialized (select vector, binary_quantize(vector)::bit(1536) as code from (select ${toStoredVector(embedding)}::${type} as vector) q)`,
    similarity: sql`1 - (v.embedding <=> (select vector from question))`,
    distance: sql`v.embedding_code <~> (select code from question)`,
    own: sql`v.user_id = ${tx.userId}::uuid`,
    comparable: sql`v.embedding is not null and coalesce(v.embedding_dimensions, ${embeddingDimensions}) = ${embedding.length}::integer
      ${model === undefined ? sql`` : sql`and v.embedding_model = ${model}`}`,
  };
}

/**
 * The user's messages or facts that are nearest to a vector, best first: min(limit, how many there are), whatever others stored.
 * `condition` is about the row `v`; `texts` tells how many texts the user has. Among few all are compared. Of many the nearest by code are;
 * while that leaves a doubt whether a better one was left out, twice as many, and in the end all.
 */
export async function findNearest(
  tx: UserTransaction,
  kind: keyof typeof tables,
  search: VectorSearch,
  { texts, condition }: { texts?: number | undefined; condition?: SQL } = {},
): Promise<Near[]> {
  const { limit, threshold = -1 } = search;
  const { rows, id, question, similarity, distance, own, comparable } = asked(tx, kind, search);
  const best = (found: readonly Near[]): Near[] =>
    found
      .map((one) => ({ id: one.id, similarity: one.similarity }))
      .toSorted((a, b) => b.similarity - a.similarity || (a.id < b.id ? 1 : -1))
      .slice(0, limit)
      .filter((one) => one.similarity >= threshold);

  const count = texts ?? (await countTexts(tx));
  if (count > tables[kind].fewest) {
    const first = Math.max(firstCompared, 4 * limit);
    const most = first * 2 ** doublings;
    // Codes are read of all models, from an index that has nothing else; what cannot be compared falls out here.
    // Row by row, whatever old statistics make the planner think of the table; as one value, because thousands of rows take longer to be
    // read than to be found.
    const compare = (ids: SQL) => sql`
      select coalesce(json_agg(json_build_array(near.id, near.distance, near.similarity)), '[]'::json)
      from ${ids} as c (id) cross join lateral (
        select ${id} as id, ${distance} as distance, ${similarity} as similarity from ${rows} v
        where ${own} and ${id} = c.id and ${comparable} offset 0
      ) near`;
    const [coded] = await tx.execute<{ ids: string[]; compared: Row[] }>(sql`
      with ${question}, sample as materialized (
        (select ${distance} as distance from ${rows} v where ${own} order by ${id} limit ${sampledCodes})
        union all (select ${distance} from ${rows} v where ${own} order by ${id} desc limit ${sampledCodes})
      ), nearby as materialized (
        select percentile_disc(${Math.min(1, (2 * most) / count)}::float8) within group (order by distance) as distance from sample
      ), coded as materialized (
        select ${id} as id, ${distance} as distance from ${rows} v
        where ${own} and ${condition ?? sql`${distance} <= (select distance from nearby)`} order by distance limit ${most}
      )
      select (select coalesce(json_agg(id order by distance, id), '[]'::json) from coded) as ids,
        (${compare(sql`(select id from coded order by distance, id limit ${first})`)}) as compared`);
    const ids = coded?.ids ?? [];
    const compared = (coded?.compared ?? []).map(toCompared);
    for (let width = first; width < ids.length; width *= 2) {
      if (nothingMissed(compared, limit)) return best(compared);
      const next = `{${ids.slice(width, 2 * width).join(",")}}`;
      const [more] = await tx.execute<{ compared: Row[] }>(
        sql`with ${question} select (${compare(sql`unnest(${next}::uuid[])`)}) as compared`,
      );
      compared.push(...(more?.compared ?? []).map(toCompared));
    }
    if ((condition !== undefined && ids.length < most) || nothingMissed(compared, limit)) return best(compared);
  }
  return best(
    await tx.execute<{ id: string; similarity: number }>(sql`
      with ${question}
      select ${id} as id, ${similarity} as similarity
      from ${rows} v where ${own} and ${comparable} and ${condition ?? sql`true`} order by v.embedding <=> (select vector from question), id desc limit ${limit}`),
  );
}

async function countTexts(tx: UserTransaction): Promise<number> {
  const [own] = await tx
    .select({ count: recallStatistics.documentCount })
    .from(recallStatistics)
    .where(eq(recallStatistics.userId, tx.userId));
  return own?.count ?? 0;
}

/** How similar some of the user's texts are to a vector: the oldest and the newest, `count` at most, or all. */
export async function sampleSimilarities(
  tx: UserTransaction,
  kind: keyof typeof tables,
  search: Pick<VectorSearch, "embedding" | "model">,
  count: number,
): Promise<number[]> {
  const { rows, id, question, similarity, own, comparable } = asked(tx, kind, search);
  const end = (order: SQL) =>
    sql`(select ${id} as id, v.embedding from ${rows} v
      where ${own} and ${comparable} order by ${id} ${order} limit ${Math.ceil(count / 2)})`;
  const sampled = await tx.execute<{ similarity: number }>(sql`
    with ${question}
    select distinct on (id) ${similarity} as similarity from (${end(sql`asc`)} union all ${end(sql`desc`)}) v order by id`);
  return sampled.map((row) => row.similarity);
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
function nothingMissed(compared: readonly Compared[], limit: number): boolean {
  const count = compared.length;
  const mean = (of: (row: Compared) => number) => compared.reduce((sum, row) => sum + of(row), 0) / count;
  const [distance, similarity] = [mean((row) => row.distance), mean((row) => row.similarity)];
  const variance = mean((row) => (row.distance - distance) ** 2);
  if (variance === 0) return false;
  const slope = mean((row) => (row.distance - distance) * (row.similarity - similarity)) / variance;
  const scatter = Math.sqrt(mean((row) => (row.similarity - similarity - slope * (row.distance - distance)) ** 2));
  const farthest = Math.max(...compared.map((row) => row.distance));
  const worst = compared.map((row) => row.similarity).toSorted((a, b) => b - a)[limit - 1] ?? -1;
  return worst >= similarity + slope * (farthest - distance) + certainty * scatter;
}
