import { writeFileSync } from "node:fs";
import {
  createDbClient,
  createMessageRepository,
  createRecallEmbeddingRepository,
  createRecallRepository,
  createUserRepository,
  type Db,
  withUser,
} from "@mema/db";
import { sql } from "drizzle-orm";
import postgres, { type Sql } from "postgres";
import { openBenchmarkDatabase } from "./database.ts";
import { benchmarkEnvironment } from "./env.ts";
import { loadOthers, loadUser } from "./recall/load.ts";
import { percentile } from "./recall/metrics.ts";
import { drawGrowth } from "./recall/picture.ts";
import { sendCost } from "./recall/send-cost.ts";
import { createSpeech } from "./recall/speech.ts";
import { openStockSearch, type StockSearch } from "./recall/stock-search.ts";
import { giveVectors, madeUpModel, openVectors } from "./recall/vectors.ts";

const questions = 100;
const warmUp = 10;
/** Comparing all of 100,000 vectors takes long. */
const vectorQuestions = 30;
const defaultSizes = [1_000, 6_000, 10_000, 100_000];
/** With `--full` a million rows of others, which take some minutes to load. */
const defaultUsers = [1, 100];
const fullUsers = [1, 100, 1_000];

/** Progress goes to stderr: the last line of stdout is for programs. */
const tell = (line: string): void => console.error(line);

interface Bench {
  db: Db;
  owner: Sql;
  stock: StockSearch;
  vectors: Awaited<ReturnType<typeof openVectors>>;
}

interface Latency {
  p50: number;
  p95: number;
}

/**
 * Search latency, index size and the cost of storing by rows of one user (`--sizes 1000,10000`) and beside other users with 1,000 rows each
 * (`--users 1,100`, `--full`): by words in turns with OR + ts_rank on stored tsvectors, by meaning (made-up vectors) and by both in turns with
 * pgvector over all of the user's rows, in the repository's own transaction; and what the index costs `messages.send` over HTTP. Fails when other users' rows change a result. `--picture FILE` draws the growth.
 */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { prepare: true, listenUrl: null });
  const owner = postgres(database.ownerUrl, { max: 1, onnotice: () => {} });
  const app = postgres(database.urls.app, { max: 1, onnotice: () => {} });
  const stock = await openStockSearch(owner, app);
  const vectors = await openVectors(owner);
  try {
    const bench: Bench = { db, owner, stock, vectors };
    const bySize: Record<string, Awaited<ReturnType<typeof measureSize>>> = {};
    for (const size of numbersOf(parameters, "--sizes") ?? defaultSizes) {
      bySize[size] = await measureSize(bench, size);
      tell(`${size} messages: ${JSON.stringify(bySize[size])}`);
    }
    const byUsers = await measureUsers(
      bench,
      numbersOf(parameters, "--users") ?? (parameters.includes("--full") ? fullUsers : defaultUsers),
    );
    await stock.remove();
    await vectors.remove();
    const send = await sendCost(database.ownerUrl);
    tell(`messages.send: ${JSON.stringify(send)}`);
    const picture = valueOf(parameters, "--picture");
    if (picture !== undefined) {
      const growth = (of: "searchMs" | "orTsRankMs" | "hybridMs" | "plainVectorMs") =>
        Object.fromEntries(Object.entries(bySize).map(([size, one]) => [size, one[of]]));
      const systems = [
        { name: "Mema by words", growth: growth("searchMs") },
        { name: "ts_rank", growth: growth("orTsRankMs") },
        { name: "Mema with meaning", growth: growth("hybridMs") },
        { name: "pgvector, all rows", growth: growth("plainVectorMs") },
      ];
      writeFileSync(picture, drawGrowth("One search, by how much the user has said", systems));
    }
    return { engine: database.engine, report: { bySize, byUsers, send } };
  } finally {
    await Promise.all([app.end(), owner.end(), db.close()]);
    await database.close();
  }
}

const valueOf = (parameters: readonly string[], name: string): string | undefined => {
  const at = parameters.indexOf(name);
  return at < 0 ? undefined : parameters[at + 1];
};
const numbersOf = (parameters: readonly string[], name: string) => valueOf(parameters, name)?.split(",").map(Number);

const now = new Date(0);
const searchOf = (db: Db, userId: string) => (query: string) =>
  withUser(db, userId, (tx) => createRecallRepository(tx).search({ query, limit: 10, now }), { readOnly: true });
const questionsFor = (seed: number, count: number): string[] => {
  const speech = createSpeech(seed);
  return Array.from({ length: count }, () => speech.question());
};

interface Asked {
  query: string;
  values: number[];
}
const hybridOf =
  (db: Db, userId: string) =>
  ({ query, values }: Asked) =>
    withUser(db, userId, (tx) => createRecallRepository(tx).search({ query, limit: 10, now, embedding: { model: madeUpModel, values } }), {
      readOnly: true,
    });
/** What one would write with pgvector alone, under the same policy. */
const plainVectorOf =
  (db: Db, userId: string) =>
  ({ values }: Asked) =>
    withUser(
      db,
      userId,
      (tx) =>
        tx.execute(sql`select message_id from recall_message_embeddings where user_id = ${userId}::uuid
        order by embedding <=> ${JSON.stringify(values)}::halfvec(1536) limit 10`),
      { readOnly: true },
    );

async function askedBoth({ vectors }: Bench, seed: number): Promise<Asked[]> {
  const values = await vectors.questions(warmUp + vectorQuestions);
  return questionsFor(seed, values.length).map((query, index) => ({ query, values: values[index] ?? [] }));
}

/** By meaning and by both, of a user whose words have been measured: vectors come now, so that they weigh on nothing before. */
async function measureMeaning(bench: Bench, userId: string, size: number) {
  const { db, owner } = bench;
  const before = await vectorBytes(owner);
  await giveVectors(db, userId);
  await owner.unsafe("vacuum (analyze) recall_message_embeddings");
  const bytes = (await vectorBytes(owner)) - before;
  const asked = await askedBoth(bench, size + 1);
  const nearest = ({ values }: Asked) =>
    withUser(db, userId, (tx) => createMessageRepository(tx).similaritySearch({ embedding: values, limit: 10, model: madeUpModel }), {
      readOnly: true,
    });
  const [vectorMs, hybridMs, plainVectorMs] = await timed(asked, [nearest, hybridOf(db, userId), plainVectorOf(db, userId)]);
  const stored = await withUser(db, userId, (tx) => createMessageRepository(tx).storeMany(asked.map(({ query }) => ({ content: query }))));
  const texts = stored.map(({ message }, index) => ({
    kind: "message" as const,
    id: message.id,
    text: message.content,
    values: asked[index]?.values ?? [],
  }));
  const [storeVectorMs] = await timed(texts, [
    (text) => withUser(db, userId, (tx) => createRecallEmbeddingRepository(tx).store(madeUpModel, [text])),
  ]);
  const ratioToPlainVector = { p50: round(vectorMs.p50 / plainVectorMs.p50), p95: round(vectorMs.p95 / plainVectorMs.p95) };
  return { vectorMs, hybridMs, plainVectorMs, ratioToPlainVector, storeVectorMs, vectorKilobytesPerMessage: round(bytes / 1024 / size) };
}

async function measureSize(bench: Bench, size: number) {
  const { db, owner, stock } = bench;
  const before = await indexBytes(owner);
  const { userId, milliseconds } = await loadUser(db, { size, seed: size });
  const indexKilobytes = Math.round((await indexBytes(owner)) - before) / 1024;
  await stock.load(userId);
  await settle(owner);
  const asked = questionsFor(size + 1, warmUp + questions);
  const ours = searchOf(db, userId);
  const [searchMs, orTsRankMs] = await timed(asked, [ours, (query) => stock.search(userId, query)]);
  const [storeMs] = await timed(asked, [(content) => withUser(db, userId, (tx) => createMessageRepository(tx).store({ content }))]);
  const meaning = await measureMeaning(bench, userId, size);
  await leave(db, userId);
  return {
    searchMs,
    orTsRankMs,
    ratioToOrTsRank: { p50: round(searchMs.p50 / orTsRankMs.p50), p95: round(searchMs.p95 / orTsRankMs.p95) },
    storeMs,
    ingestMsPerMessage: round(milliseconds / size),
    indexKilobytesPerMessage: round(indexKilobytes / size),
    ...meaning,
  };
}

/** One user's 1,000 rows, searched again each time when others have come: the same results, to the last digit of a score. */
async function measureUsers(bench: Bench, counts: readonly number[]) {
  const { db, owner } = bench;
  const { userId } = await loadUser(db, { size: 1_000, seed: 1_000 });
  const search = searchOf(db, userId);
  const asked = questionsFor(1_001, warmUp + questions);
  const others: string[] = [];
  const byUsers: Record<string, { searchMs: Latency; hybridMs: Latency; identical: true }> = {};
  await giveVectors(db, userId);
  const both = await askedBoth(bench, 1_001);
  let expected: string | null = null;
  for (const count of counts) {
    const came = await loadOthers(db, Math.max(0, count - 1 - others.length), tell);
    for (const id of came) await giveVectors(db, id);
    others.push(...came);
    await settle(owner);
    const [searchMs] = await timed(asked, [search]);
    const [hybridMs] = await timed(both, [hybridOf(db, userId)]);
    const results = [];
    for (const query of asked) results.push(await search(query));
    for (const one of both) results.push(await hybridOf(db, userId)(one));
    const found = JSON.stringify(results);
    if (expected !== null && found !== expected) throw new Error(`the rows of ${count - 1} other users changed a result`);
    expected = found;
    byUsers[count] = { searchMs, hybridMs, identical: true };
    tell(`${count} users: ${JSON.stringify(byUsers[count])}`);
  }
  for (const id of [userId, ...others]) await leave(db, id);
  return byUsers;
}

/** A private cluster is thrown away as a whole. */
async function leave(db: Db, userId: string): Promise<void> {
  if (benchmarkEnvironment.databaseUrl === null) return;
  await withUser(db, userId, (tx) => createUserRepository(tx).delete(), { deadlineMs: 600_000 });
}

/** What autovacuum does after such a load, now instead of during the measurement. */
async function settle(owner: Sql): Promise<void> {
  await owner.unsafe(
    "vacuum (analyze) recall_postings, recall_documents, recall_terms, recall_statistics, recall_names, recall_message_embeddings, messages, facts",
  );
}

async function vectorBytes(owner: Sql): Promise<number> {
  const [row] = await owner<{ bytes: string }[]>`select pg_total_relation_size('recall_message_embeddings') as bytes`;
  return Number(row?.bytes ?? 0);
}

async function indexBytes(owner: Sql): Promise<number> {
  const [row] = await owner<{ bytes: string }[]>`
    select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname like 'recall!_%' escape '!' and c.relname <> 'recall_message_embeddings'`;
  return Number(row?.bytes ?? 0);
}

/** Each way in turn with each input. The first ten warm up and do not count. */
async function timed<T, const W extends readonly ((input: T) => Promise<unknown>)[]>(inputs: readonly T[], ways: W) {
  const latencies = ways.map(() => [] as number[]);
  for (const [turn, input] of inputs.entries()) {
    for (const [index, way] of ways.entries()) {
      const start = performance.now();
      await way(input);
      if (turn >= warmUp) latencies[index]?.push(performance.now() - start);
    }
  }
  return latencies.map((taken) => ({ p50: percentile(taken, 0.5), p95: percentile(taken, 0.95) })) as { [K in keyof W]: Latency };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
