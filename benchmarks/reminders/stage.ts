import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createMemaClient } from "@mema/api/client";
import {
  createChannelRepository,
  createDbClient,
  createEmbeddedClient,
  createUserRepository,
  type Db,
  newId,
  openEmbeddedEngine,
  runMigrations,
  withUser,
  withWorker,
} from "@mema/db";
import { freePort, hasPostgresBinaries } from "@mema/db/cluster";
import { sql } from "drizzle-orm";
import { openBenchmarkDatabase } from "../database.ts";
import { benchmarkEnvironment } from "../env.ts";
import { Program } from "./programs.ts";

const serviceKey = "mema_service_key_of_the_benchmark";
/** Short, so that recovery can be waited for; a worker's own default is 30 s. */
export const leaseSeconds = 10;

export interface BenchmarkUser {
  userId: string;
  channelId: string;
}

/** When handlers began, by delivery, in milliseconds of this machine's clock: the worker writes a line for each. */
export class Starts {
  readonly #times = new Map<string, number>();
  readonly #watchers = new Map<string, (time: number) => void>();

  add(deliveryId: string, time: number): void {
    if (this.#times.has(deliveryId)) return;
    this.#times.set(deliveryId, time);
    this.#watchers.get(deliveryId)?.(time);
    this.#watchers.delete(deliveryId);
  }

  clear(): void {
    this.#times.clear();
  }

  /** When each of the deliveries was started, once all of them have been. */
  async all(deliveryIds: readonly string[]): Promise<Map<string, number>> {
    return new Map(await Promise.all(deliveryIds.map(async (id) => [id, await this.#of(id)] as const)));
  }

  /** When the first of the deliveries was started. */
  first(deliveryIds: readonly string[]): Promise<number> {
    return Promise.race(deliveryIds.map((id) => this.#of(id)));
  }

  #of(id: string): Promise<number> {
    const known = this.#times.get(id);
    if (known !== undefined) return Promise.resolve(known);
    const { promise, resolve } = Promise.withResolvers<number>();
    const others = this.#watchers.get(id);
    this.#watchers.set(id, (time) => {
      others?.(time);
      resolve(time);
    });
    return promise;
  }
}

/** A database, a server on it as a process of its own, and users. Workers are started for each measurement. */
export interface Stage {
  engine: string;
  /** Null on the embedded engine. */
  ownerUrl: string | null;
  users: BenchmarkUser[];
  starts: Starts;
  server: Program;
  /** Runs `body` on the database itself. One process has the embedded one: there the server makes way meanwhile. */
  withDatabase<T>(body: (db: Db) => Promise<T>): Promise<T>;
  /** Resolves when nothing that is due within the hour is unsettled. */
  settled(): Promise<void>;
  /** A worker process; with `quiet` nobody reads what it writes about deliveries. */
  startWorker(options?: { quiet?: boolean }): Promise<{ program: Program; workerId: string }>;
  close(): Promise<void>;
}

export async function openStage(userCount: (engine: { embedded: boolean }) => number): Promise<Stage> {
  const embedded = benchmarkEnvironment.databaseUrl === null && !hasPostgresBinaries();
  return embedded ? openEmbedded(userCount({ embedded })) : openPostgres(userCount({ embedded }));
}

async function openPostgres(userCount: number): Promise<Stage> {
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { poolSize: 4, prepare: true });
  const folder = mkdtempSync(join(tmpdir(), "mema-benchmark-"));
  const users: BenchmarkUser[] = [];
  const starts = new Starts();
  const clean = async () => {
    if (benchmarkEnvironment.databaseUrl !== null) for (const { userId } of users) await removeUser(db, userId);
    await db.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    users.push(...(await addUsers(db, userCount)));
    const port = await freePort();
    const server = await startServer(port, { DATABASE_URL: database.ownerUrl, MEMA_DATA_DIR: folder });
    return {
      engine: database.engine,
      ownerUrl: database.ownerUrl,
      users,
      starts,
      server,
      withDatabase: (body) => body(db),
      settled: () => until(async () => (await countUnsettled(db)) === 0),
      startWorker: (options) => startWorker(port, starts, options),
      close: async () => {
        await server.end("SIGTERM");
        await clean();
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

async function openEmbedded(userCount: number): Promise<Stage> {
  const dataDir = mkdtempSync(join(tmpdir(), "mema-benchmark-"));
  const starts = new Starts();
  const port = await freePort();
  const onDatabase = async <T>(body: (db: Db) => Promise<T>): Promise<T> => {
    const engine = await openEmbeddedEngine({ dataDir });
    try {
      await runMigrations(engine);
      const db = createEmbeddedClient(engine, { prepare: true });
      const result = await body(db);
      await db.close();
      return result;
    } finally {
      await engine.close();
    }
  };
  const users = await onDatabase((db) => addUsers(db, userCount));
  const stage: Stage = {
    engine: "embedded (PGlite) on this machine's disk",
    ownerUrl: null,
    users,
    starts,
    server: await startServer(port, { MEMA_DATA_DIR: dataDir }),
    withDatabase: async (body) => {
      await stage.server.end("SIGTERM");
      const result = await onDatabase(body);
      stage.server = await startServer(port, { MEMA_DATA_DIR: dataDir });
      return result;
    },
    settled: () => until(async () => (await unsettledByStats(port)) === 0),
    startWorker: (options) => startWorker(port, starts, options),
    close: async () => {
      await stage.server.end("SIGTERM");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return stage;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(200);
}

/** 0 or 1. A look at one end of an index: worker.stats counts every open row, which is work of its own among 500,000. */
async function countUnsettled(db: Db): Promise<number> {
  const soon = sql`settled_at is null and next_attempt_at < clock_timestamp() + interval '1 hour'`;
  const rows = await withWorker(db, (tx) => tx.execute(sql`select 1 from reminder_deliveries where ${soon} limit 1`), { readOnly: true });
  return rows.length;
}

async function unsettledByStats(port: number): Promise<number> {
  const { due, inFlight, lapsed } = await createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: serviceKey }).worker.stats.query();
  return due + inFlight + lapsed;
}

async function startServer(port: number, database: Record<string, string>): Promise<Program> {
  const environment = { ...database, PORT: String(port), MEMA_WORKER: "off", MEMA_SERVICE_KEY: serviceKey, LOG_LEVEL: "warn" };
  const server = new Program("server", { environment }, "Mema is ready.");
  await server.ready;
  return server;
}

async function startWorker(port: number, starts: Starts, { quiet = false } = {}): Promise<{ program: Program; workerId: string }> {
  const environment = {
    MEMA_URL: `http://127.0.0.1:${port}`,
    MEMA_SERVICE_KEY: serviceKey,
    MEMA_WORKER_LEASE_SECONDS: String(leaseSeconds),
    LOG_LEVEL: "info",
  };
  const note = (line: string) => {
    if (!line.includes('"msg":"reminder"')) return;
    const { deliveryId, time } = JSON.parse(line) as { deliveryId: string; time: number };
    starts.add(deliveryId, time);
  };
  const program = new Program("worker", { environment }, "worker started", quiet ? null : note);
  const { workerId } = JSON.parse(await program.ready) as { workerId: string };
  return { program, workerId };
}

async function addUsers(db: Db, count: number): Promise<BenchmarkUser[]> {
  const add = async (): Promise<BenchmarkUser> => {
    const userId = newId();
    const channelId = await withUser(db, userId, async (tx) => {
      await createUserRepository(tx).create({});
      return (await createChannelRepository(tx).create({ type: "log", name: "benchmark", verifiedAt: new Date() })).id;
    });
    return { userId, channelId };
  };
  const users: BenchmarkUser[] = [];
  while (users.length < count) users.push(...(await Promise.all(Array.from({ length: Math.min(4, count - users.length) }, add))));
  return users;
}

/** Takes away what a benchmark made, children first: a cascade would look for each row's children on its own. */
async function removeUser(db: Db, userId: string): Promise<void> {
  await withUser(
    db,
    userId,
    async (tx) => {
      await tx.execute(sql`delete from reminder_deliveries where user_id = ${userId}`);
      await tx.execute(sql`delete from reminder_occurrences where user_id = ${userId}`);
      await tx.execute(sql`delete from reminders where user_id = ${userId}`);
      await createUserRepository(tx).delete();
    },
    { deadlineMs: 120_000 },
  );
}
