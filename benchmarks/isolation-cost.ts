import { randomBytes } from "node:crypto";
import { createCaller, createContext, createUser, ServerKeys, SignInGuard, silentMeter } from "@mema/api";
import { compileQuery, conversations, createDbClient, type Db, facts, newId, type RuntimeUrls, users, withUser } from "@mema/db";
import { and, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { openBenchmarkDatabase } from "./database.ts";
import { type Figures, measure as measureWays, type Ways } from "./measure.ts";
import { slowNetwork } from "./slow-network.ts";

const factsOfUser = 200;

const readFact = compileQuery((db) =>
  db
    .select({ id: facts.id, content: facts.content, status: facts.status })
    .from(facts)
    .where(and(eq(facts.userId, sql.placeholder("userId")), eq(facts.id, sql.placeholder("id")))),
);
const addConversation = compileQuery((db) =>
  db.insert(conversations).values({ userId: sql.placeholder("userId"), id: sql.placeholder("id"), title: sql.placeholder("title") }),
);
const renameConversation = compileQuery((db) =>
  db
    .update(conversations)
    .set({ title: sql`${sql.placeholder("title")}` })
    .where(and(eq(conversations.userId, sql.placeholder("userId")), eq(conversations.id, sql.placeholder("id")))),
);

const rawRead = "select id, content, status from mema_benchmark.facts where user_id = $1 and id = $2";
const rawInsert = "insert into mema_benchmark.conversations (user_id, id, title) values ($1, $2, $3)";
const rawUpdate = "update mema_benchmark.conversations set title = $3 where user_id = $1 and id = $2";

interface Stage {
  userId: string;
  factIds: string[];
  conversationId: string;
  apiKey: string;
}

/** Everything that is compared, over `poolSize` connections each. */
function open(urls: RuntimeUrls, stage: Stage, poolSize: number) {
  const raw = postgres(urls.app, { max: poolSize, onnotice: () => {} });
  const stockClient = postgres(urls.app, { max: poolSize, onnotice: () => {} });
  const stock = drizzle(stockClient);
  const db: Db = createDbClient(urls, { poolSize, prepare: true, listenUrl: null });
  const other: Db = createDbClient(urls, { poolSize, prepare: true, listenUrl: null, binding: "set_config" });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const services = {
    db,
    log,
    limits: { messagesPerHour: 1_000_000 },
    serverKeys: new ServerKeys([]),
    signInGuard: new SignInGuard(),
    secretKey: randomBytes(32),
    allowPrivateWebhooks: false,
    mail: null,
    meter: silentMeter,
    closing: new AbortController().signal,
  };
  const { userId, factIds, conversationId, apiKey } = stage;
  let turn = 0;
  const id = () => factIds[turn++ % factIds.length] ?? "";
  const own = (factId: string) => and(eq(facts.userId, userId), eq(facts.id, factId));
  const columns = { id: facts.id, content: facts.content, status: facts.status };
  const prepare = { prepare: true };
  const ways = {
    rawRead: () => raw.unsafe(rawRead, [userId, id()], prepare),
    stockRead: () =>
      stock.transaction(
        async (tx) => {
          await tx.execute(sql`select set_config('app.user_id', ${userId}, true)`);
          return tx.select(columns).from(facts).where(own(id()));
        },
        { accessMode: "read only" },
      ),
    read: () => withUser(db, userId, (tx) => readFact(tx, { id: id() }), { readOnly: true, oneStatement: true }),
    setConfigRead: () => withUser(other, userId, (tx) => readFact(tx, { id: id() }), { readOnly: true, oneStatement: true }),
    longerRead: () => withUser(db, userId, (tx) => readFact(tx, { id: id() }), { readOnly: true }),
    builtRead: () => withUser(db, userId, (tx) => tx.select(columns).from(facts).where(own(id())), { readOnly: true }),
    callerRead: () => createCaller(createContext(services, { credential: apiKey })).facts.byId({ id: id() }),
    rawWrite: () => raw.unsafe(rawInsert, [userId, newId(), "x"], prepare),
    stockWrite: () =>
      stock.transaction(async (tx) => {
        await tx.execute(sql`select set_config('app.user_id', ${userId}, true)`);
        await tx.insert(conversations).values({ userId, title: "x" });
      }),
    write: () => withUser(db, userId, (tx) => addConversation(tx, { id: newId(), title: "x" }), { oneStatement: true }),
    rawTwo: async () => {
      await raw.unsafe(rawRead, [userId, id()], prepare);
      await raw.unsafe(rawUpdate, [userId, conversationId, "y"], prepare);
    },
    two: () =>
      withUser(db, userId, async (tx) => {
        await readFact(tx, { id: id() });
        await renameConversation(tx, { id: conversationId, title: "y" });
      }),
  } satisfies Ways;
  const close = () => Promise.all([raw.end(), stockClient.end(), db.close(), other.close()]);
  return { ways, close };
}

async function prepareStage(urls: RuntimeUrls, ownerUrl: string): Promise<{ stage: Stage; remove: () => Promise<void> }> {
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} });
  const db = createDbClient(urls, { poolSize: 2, prepare: true, listenUrl: null });
  const { userId, apiKey } = await createUser(db, {});
  const conversationId = newId();
  const factIds = Array.from({ length: factsOfUser }, newId);
  const rows = factIds.map((id) => ({ userId, id, content: `A fact of no importance, ${id}` }));
  await withUser(db, userId, async (tx) => {
    await tx.insert(facts).values(rows);
    await tx.insert(conversations).values({ userId, id: conversationId, title: "x" });
  });
  await owner.unsafe(`
    drop schema if exists mema_benchmark cascade;
    create schema mema_benchmark;
    create table mema_benchmark.facts (like public.facts including all);
    create table mema_benchmark.conversations (like public.conversations including all);
    grant usage on schema mema_benchmark to mema_app;
    grant select, insert, update on all tables in schema mema_benchmark to mema_app`);
  await owner`insert into mema_benchmark.facts ${owner(rows.map((row) => ({ user_id: row.userId, id: row.id, content: row.content })))}`;
  await owner`insert into mema_benchmark.conversations ${owner([{ user_id: userId, id: conversationId, title: "x" }])}`;
  await owner.unsafe("analyze mema_benchmark.facts");
  const remove = async () => {
    await owner.unsafe("drop schema mema_benchmark cascade");
    await withUser(db, userId, (tx) => tx.delete(users).where(eq(users.id, userId)));
    await db.close();
    await owner.end();
  };
  return { stage: { userId, factIds, conversationId, apiKey }, remove };
}

function print(title: string, figures: Record<string, Figures>): void {
  console.log(`\n${title}`);
  for (const [name, { p50, p99, perSecond }] of Object.entries(figures)) {
    console.log(
      `  ${name.padEnd(14)} p50 ${p50.toFixed(0).padStart(6)} us   p99 ${p99.toFixed(0).padStart(6)} us   ${perSecond.toFixed(0).padStart(6)} /s`,
    );
  }
}

const rounded = (ratio: number) => Math.round(ratio * 100) / 100;

/** What isolation costs: against the driver alone, without row-level security or a transaction, on copies of the same tables. */
export async function measure(): Promise<{ engine: string; report: object }> {
  const database = await openBenchmarkDatabase();
  const { stage, remove } = await prepareStage(database.urls, database.ownerUrl);
  const network = await slowNetwork(database.ownerUrl, 0.5);
  const { app, worker, auth } = database.urls;
  const far = { app: network.url(app), worker: network.url(worker), auth: network.url(auth) };
  const at = async (urls: RuntimeUrls, title: string, concurrency: number, rounds: number, operations: number) => {
    const { ways, close } = open(urls, stage, concurrency);
    const figures = await measureWays(ways, { rounds, operations, concurrency });
    await close();
    print(title, figures);
    return figures;
  };
  try {
    const one = await at(database.urls, "one connection", 1, 30, 40);
    const twenty = await at(database.urls, "20 connections, 20 requests at a time", 20, 8, 200);
    const remote = await at(far, "one connection, 0.5 ms of network", 1, 8, 20);
    const ratios = {
      readP50AtOne: rounded(one.read.p50 / one.rawRead.p50),
      readThroughputAtTwenty: rounded(twenty.read.perSecond / twenty.rawRead.perSecond),
      writeP50AtOne: rounded(one.write.p50 / one.rawWrite.p50),
      stockP50AtOne: rounded(one.stockRead.p50 / one.rawRead.p50),
      stockThroughputAtTwenty: rounded(twenty.stockRead.perSecond / twenty.rawRead.perSecond),
      stockWriteP50AtOne: rounded(one.stockWrite.p50 / one.rawWrite.p50),
      setConfigReadP50AtOne: rounded(one.setConfigRead.p50 / one.rawRead.p50),
      longerReadP50AtOne: rounded(one.longerRead.p50 / one.rawRead.p50),
      builtReadP50AtOne: rounded(one.builtRead.p50 / one.rawRead.p50),
      twoStatementsP50AtOne: rounded(one.two.p50 / one.rawTwo.p50),
      callerReadP50AtOne: rounded(one.callerRead.p50 / one.rawRead.p50),
      callerReadThroughputAtTwenty: rounded(twenty.callerRead.perSecond / twenty.rawRead.perSecond),
      readP50ThroughNetwork: rounded(remote.read.p50 / remote.rawRead.p50),
      stockP50ThroughNetwork: rounded(remote.stockRead.p50 / remote.rawRead.p50),
      writeP50ThroughNetwork: rounded(remote.write.p50 / remote.rawWrite.p50),
    };
    console.log(`\n${JSON.stringify(ratios, null, 2)}`);
    return { engine: database.engine, report: { ratios, microseconds: { one, twenty, remote } } };
  } finally {
    await network.close();
    await remove();
    await database.close();
  }
}
