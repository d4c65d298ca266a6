import { createDbClient, createMessageRepository, createRecallRepository, createUserRepository, type Db, newId, withUser } from "@mema/db";
import { sql } from "drizzle-orm";
import { openBenchmarkDatabase } from "./database.ts";
import { baselines } from "./recall/baselines.ts";
import { percentile } from "./recall/metrics.ts";
import { createSpeech } from "./recall/speech.ts";

const batch = 500;
const questions = 100;
const defaultSizes = [1_000, 6_000, 10_000, 100_000];

/**
 * Search latency, index size and the cost of storing by rows of one user (`--sizes 1000,10000`) and beside other users (`--users 100`, 1,000
 * rows each), in the repository's own transaction; the ratio to OR + ts_rank over the same rows up to 10,000.
 */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { prepare: true, listenUrl: null });
  try {
    const bySize: Record<string, object> = {};
    for (const size of numbersOf(parameters, "--sizes") ?? defaultSizes) bySize[size] = await measureUser(db, size);
    const byUsers: Record<string, object> = {};
    let others = 0;
    for (const users of numbersOf(parameters, "--users") ?? [1, 100]) {
      for (; others < users - 1; others++) await fill(db, 1_000, others);
      byUsers[users] = await measureUser(db, 1_000);
    }
    return { engine: database.engine, report: { bySize, byUsers } };
  } finally {
    await db.close();
    await database.close();
  }
}

function numbersOf(parameters: readonly string[], name: string): number[] | undefined {
  const at = parameters.indexOf(name);
  return at < 0 ? undefined : parameters[at + 1]?.split(",").map(Number);
}

async function fill(db: Db, size: number, seed: number): Promise<{ userId: string; storeMsPerMessage: number }> {
  const userId = newId();
  const speech = createSpeech(seed);
  await withUser(db, userId, (tx) => createUserRepository(tx).create({}));
  const start = performance.now();
  for (let stored = 0; stored < size; stored += batch) {
    const messages = Array.from({ length: Math.min(batch, size - stored) }, () => ({ content: speech.sentence() }));
    await withUser(db, userId, (tx) => createMessageRepository(tx).storeMany(messages), { deadlineMs: 120_000 });
  }
  return { userId, storeMsPerMessage: round((performance.now() - start) / size) };
}

async function measureUser(db: Db, size: number): Promise<object> {
  const { userId, storeMsPerMessage } = await fill(db, size, size);
  const speech = createSpeech(size + 1);
  const asked = Array.from({ length: questions }, () => speech.question());
  const now = new Date(0);
  const search = (query: string) =>
    withUser(db, userId, (tx) => createRecallRepository(tx).search({ query, limit: 10, now }), { readOnly: true });
  const mema = await timed(asked, search);
  const ranked = baselines["or + ts_rank"];
  const stock =
    size > 10_000 || ranked === undefined
      ? null
      : await timed(asked.slice(0, 20), (query) => withUser(db, userId, (tx) => ranked(tx, query, 10), { readOnly: true }));
  const one = await timed(asked.slice(0, 50), (content) => withUser(db, userId, (tx) => createMessageRepository(tx).store({ content })));
  const [rows] = await withUser(db, userId, (tx) =>
    tx.execute<{ postings: number; terms: number }>(
      sql`select (select count(*)::integer from recall_postings where user_id = ${userId}::uuid) as postings, (select count(*)::integer from recall_terms where user_id = ${userId}::uuid) as terms`,
    ),
  );
  const report = { searchMs: mema, orTsRankMs: stock, storeMs: one, storeMsPerMessage, ...rows };
  console.log(`${size} messages: ${JSON.stringify(report)}`);
  await withUser(db, userId, (tx) => createUserRepository(tx).delete(), { deadlineMs: 300_000 });
  return report;
}

async function timed(inputs: readonly string[], run: (input: string) => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  const latencies: number[] = [];
  for (const input of inputs) {
    const start = performance.now();
    await run(input);
    latencies.push(performance.now() - start);
  }
  return { p50: percentile(latencies, 0.5), p95: percentile(latencies, 0.95) };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
