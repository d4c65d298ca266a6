import { resolve } from "node:path";
import type { AppError } from "@mema/shared";
import { sql } from "drizzle-orm";
import { type EmbeddedEngine, openEmbeddedEngine } from "../embedded/engine.ts";
import { asAppError } from "../errors.ts";
import { withSignIn } from "./access.ts";
import { readDatabaseEnvironment } from "./env.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { Replica } from "./replica.ts";
import { Signals } from "./signals.ts";
import { SlotPool } from "./slot-pool.ts";
import type { Binding, TransactionTarget } from "./transaction.ts";

/** A database as the application uses it: one target for each role. Nothing connects before the first transaction. */
export interface Db {
  readonly engine: "embedded" | "postgres";
  readonly app: TransactionTarget;
  readonly worker: TransactionTarget;
  readonly auth: TransactionTarget;
  readonly signals: Signals;
  /** Waits for open transactions, then closes all connections (and the embedded engine, if this client opened it). */
  close(): Promise<void>;
}

export interface DbClientOptions {
  /** Most connections of each role; 20, in tests 5. */
  poolSize?: number;
  /** Prepared statements; off in tests and behind an old pooler. */
  prepare?: boolean;
  /** How a transaction is bound to its user; MEMA_BINDING, `set_local` unless that is set. */
  binding?: Binding;
  /** A read replica, as the login mema_app: read-only transactions go there. */
  replicaUrl?: string | undefined;
  /** How long reaching the server may take, and again signing in, in milliseconds; 10,000. */
  connectTimeoutMs?: number;
  /** How long a transaction waits for a free connection, in milliseconds; 10,000. */
  acquireTimeoutMs?: number;
  /** A direct connection for LISTEN; the app's own unless given. Null (behind a pooler): no wake-ups, listeners poll. */
  listenUrl?: string | null;
}

/** The server's own connections, one login for each role. */
export interface RuntimeUrls {
  app: string;
  worker: string;
  auth: string;
}

/** Whether this is a test run (NODE_ENV=test or under Vitest): small pools, no prepared statements unless asked for. */
export const isTestMode = (): boolean => readDatabaseEnvironment().testMode;

/**
 * A client for a database. One URL serves all roles (each transaction takes its role on); three URLs are the production form, in which
 * each login is its role. `embedded:FOLDER` opens the embedded engine on that folder, `embedded:` one in memory.
 * Connects lazily; connecting gives up after 10 s, idle connections close after 30 s.
 */
export function createDbClient(connection: string | RuntimeUrls, options: DbClientOptions = {}): Db {
  if (typeof connection === "string" && connection.startsWith("embedded:")) {
    return createOwnEmbeddedClient(connection.slice("embedded:".length), options);
  }
  const urls = typeof connection === "string" ? { app: connection, worker: connection, auth: connection } : connection;
  const signals = new Signals(options.listenUrl === undefined ? urls.app : options.listenUrl);
  const pool = (url: string) =>
    new SlotPool({
      url,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      max: options.poolSize ?? (isTestMode() ? 5 : 20),
      idleTimeoutMs: 30_000,
      acquireTimeoutMs: options.acquireTimeoutMs ?? 10_000,
    });
  const target = (url: string, role: string): TransactionTarget => ({
    signals,
    pool: pool(url),
    role: decodeURIComponent(new URL(url).username) === role ? null : role,
    prepare: options.prepare ?? !isTestMode(),
    binding: options.binding ?? readDatabaseEnvironment().binding,
  });
  const replica = options.replicaUrl === undefined ? undefined : new Replica(pool(options.replicaUrl));
  const app: TransactionTarget = { ...target(urls.app, "mema_app"), ...(replica === undefined ? {} : { replica }) };
  const worker = target(urls.worker, "mema_worker");
  const auth = target(urls.auth, "mema_auth");
  return {
    engine: "postgres",
    app,
    worker,
    auth,
    signals,
    close: async () => {
      await Promise.all([signals.close(), replica?.pool.close(), app.pool.close(), worker.pool.close(), auth.pool.close()]);
    },
  };
}

/** A client for an embedded engine that is open: one connection serves all roles. Closing the client leaves the engine open. */
export function createEmbeddedClient(engine: EmbeddedEngine, options: DbClientOptions = {}): Db {
  return embeddedClient(
    async () => engine,
    options,
    async () => {},
  );
}

function createOwnEmbeddedClient(folder: string, options: DbClientOptions): Db {
  let opening: Promise<EmbeddedEngine> | null = null;
  const open = () =>
    (opening ??= openEmbeddedEngine({ dataDir: folder === "" ? null : resolve(folder) }).catch((error: unknown) => {
      opening = null;
      throw error;
    }));
  return embeddedClient(open, options, async () => {
    if (opening !== null) await (await opening).close();
  });
}

function embeddedClient(open: () => Promise<EmbeddedEngine>, options: DbClientOptions, afterClose: () => Promise<void>): Db {
  const pool = new SlotPool({
    path: async () => {
      const engine = await open();
      await engine.ready();
      return engine.connection.path;
    },
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    max: 1,
    idleTimeoutMs: 86_400_000,
    acquireTimeoutMs: options.acquireTimeoutMs ?? 60_000,
  });
  const signals = new Signals(null);
  const target = (role: string): TransactionTarget => ({
    signals,
    pool,
    role,
    prepare: options.prepare ?? !isTestMode(),
    binding: options.binding ?? readDatabaseEnvironment().binding,
    onDeadline: () => {
      open()
        .then((engine) => engine.restart())
        .catch(() => {});
    },
  });
  return {
    engine: "embedded",
    app: target("mema_app"),
    worker: target("mema_worker"),
    auth: target("mema_auth"),
    signals,
    close: async () => {
      await pool.close();
      await afterClose();
    },
  };
}

let shared: Db | null = null;

/**
 * The process's database, by the environment: MEMA_APP_URL, MEMA_WORKER_URL and MEMA_AUTH_URL; else the logins derived from DATABASE_URL;
 * else the embedded engine in MEMA_DATA_DIR. Made at the first call, connected at the first transaction.
 */
export function getDb(): Db {
  const { runtime, ownerUrl, passwords, dataDir, replicaUrl } = readDatabaseEnvironment();
  const urls = runtime ?? (ownerUrl === null ? `embedded:${dataDir}` : deriveRuntimeUrls(ownerUrl, passwords));
  shared ??= createDbClient(urls, { replicaUrl });
  return shared;
}

/** Closes what `getDb` made. The next `getDb` makes a new one. */
export async function closeDb(): Promise<void> {
  const db = shared;
  shared = null;
  await db?.close();
}

/** Whether the database answers, and in how many milliseconds. Never throws. */
export async function checkDbHealth(db: Db = getDb()): Promise<{ ok: true; latencyMs: number } | { ok: false; error: AppError }> {
  const start = performance.now();
  try {
    await withSignIn(db, (tx) => tx.execute(sql`select 1`));
    return { ok: true, latencyMs: performance.now() - start };
  } catch (error) {
    return { ok: false, error: asAppError(error) };
  }
}
