import type { AddressInfo } from "node:net";
import { EmbeddingEndpoint, ensureFirstUser, presentTzdata, recomputeZones, ServerKeys, type Services, SignInGuard } from "@mema/api";
import {
  createDbClient,
  createEmbeddedClient,
  type Db,
  deriveRuntimeUrls,
  type EmbeddedEngine,
  makeEmbeddedDatabase,
  openEmbeddedEngine,
  readDatabaseEnvironment,
  runMigrations,
} from "@mema/db";
import { AppError, tryCatch } from "@mema/shared";
import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { startEmbedding } from "./embedding-loop.ts";
import { mailSettings, type ServerEnvironment } from "./env.ts";
import { gracefulShutdown } from "./graceful-shutdown.ts";
import { loadSecrets, type ServerSecrets } from "./keys.ts";
import type { ServerLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { ReadinessGate } from "./readiness-gate.ts";
import { superviseWorker } from "./supervise-worker.ts";

export interface RunningServer {
  url: string;
  /** How the database is reached, for people: never a password. */
  database: string;
  secrets: ServerSecrets;
  /** Whether this start created the first user: the moment to show the keys. */
  firstStart: boolean;
  workerPid: number | undefined;
  stop(): Promise<void>;
}

interface OpenDatabase {
  db: Db;
  description: string;
  /** The embedded database: `runMigrations` has just compared its catalog with the rules, and nobody else can change it. */
  examined: boolean;
  close(): Promise<void>;
}

/**
 * Opens the database (migrating it first, except in production's form with three runtime URLs), serves HTTP and keeps a worker running.
 * Throws when the settings are wrong, the folder belongs to a running server, a login could pass row-level security by, or a rule of
 * isolation is broken.
 */
export async function startServer(environment: ServerEnvironment, log: ServerLog): Promise<RunningServer> {
  const secrets = loadSecrets(environment);
  const database = await openDatabase(environment, log);
  try {
    return await serveOn(environment, log, secrets, database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function serveOn(
  environment: ServerEnvironment,
  log: ServerLog,
  secrets: ServerSecrets,
  database: OpenDatabase,
): Promise<RunningServer> {
  const closing = new AbortController();
  const embeddings = embeddingEndpoint(environment);
  const metrics = createMetrics(database.db);
  const services: Services = {
    db: database.db,
    log,
    limits: { messagesPerHour: environment.MEMA_MESSAGES_PER_HOUR },
    signInGuard: new SignInGuard(),
    serverKeys: new ServerKeys([
      { kind: "admin", key: secrets.adminKey },
      { kind: "service", key: secrets.serviceKey },
    ]),
    secretKey: secrets.secretKey,
    allowPrivateWebhooks: environment.MEMA_ALLOW_PRIVATE_WEBHOOKS,
    mail: mailSettings(environment),
    embeddings,
    meter: metrics.meter,
    closing: closing.signal,
  };
  let firstStart = false;
  let recomputing = Promise.resolve();
  const gate = new ReadinessGate(database.db, log, database.examined, async () => {
    firstStart = await ensureFirstUser(database.db, secrets.bootstrapKey);
    if (firstStart) log.info({}, "first user created");
    recomputing = recomputeInBackground(services);
  });
  // A login that could see every user, or tables that do not keep users apart, must never be served; a database that is down or not
  // migrated yet may come later.
  for (const { name, reason } of await gate.failing()) {
    if (name === "roles" || name === "isolation") throw new AppError("PRECONDITION_FAILED", reason ?? "A login is not what it should be.");
    log.warn({ check: name, reason }, "not ready");
  }
  let draining = false;
  const trustedProxies = environment.MEMA_TRUST_PROXY;
  const app = createApp({ services, metrics, gate, isDraining: () => draining, trustedProxies });
  const server = await listen(app.fetch, environment);
  const { port } = server.address() as AddressInfo;
  const host = environment.HOST.includes(":") ? `[${environment.HOST}]` : environment.HOST;
  const url = `http://${host}:${port}`;
  const local = ["0.0.0.0", "::"].includes(environment.HOST) ? `http://127.0.0.1:${port}` : url;
  const worker = environment.MEMA_WORKER === "on" ? superviseWorker({ url: local, serviceKey: secrets.serviceKey, log }) : null;
  const embedding = embeddings === undefined ? null : startEmbedding(database.db, embeddings, log);
  const stop = gracefulShutdown(server, {
    onDrain: async () => {
      draining = true;
      log.info({}, "stopping: finishing what is in flight");
      closing.abort();
      await Promise.all([worker?.stop(), embedding?.stop()]);
    },
    onShutdown: async () => {
      await recomputing;
      await database.close();
      log.info({}, "stopped");
    },
    onForced: (reason) => log.error({ reason }, "stopped by force"),
  });
  return { url, database: database.description, secrets, firstStart, workerPid: worker?.pid(), stop };
}

/** A new Node brings new rules of time zones: reminders move to where their wall clocks are by them. */
async function recomputeInBackground({ db, log, closing }: Services): Promise<void> {
  const [done, error] = await tryCatch(recomputeZones(db, { signal: closing }));
  if (error !== null) log.error({ error: error.name }, "the reminders could not all be moved to the new rules of time zones");
  else if (done.reminders > 0) log.info({ ...done, tzdata: presentTzdata() }, "reminders computed with the new rules of time zones");
}

function embeddingEndpoint(environment: ServerEnvironment): EmbeddingEndpoint | undefined {
  const { MEMA_EMBEDDINGS_URL: url, MEMA_EMBEDDINGS_MODEL: model } = environment;
  if (url === undefined) return undefined;
  return new EmbeddingEndpoint({
    url,
    model,
    apiKey: environment.MEMA_EMBEDDINGS_API_KEY,
    dimensions: environment.MEMA_EMBEDDINGS_DIMENSIONS,
  });
}

/** A stranger who opens connections and sends slowly, or nothing, is cut off: 15 s for the headers, 60 s for a whole request. */
const timeouts = { headersTimeout: 15_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 };

function listen(fetch: ReturnType<typeof createApp>["fetch"], { HOST: hostname, PORT: port }: ServerEnvironment) {
  return new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve({ fetch, hostname, port, serverOptions: timeouts }, () => resolve(starting));
    starting.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new AppError("PRECONDITION_FAILED", `Cannot listen on HOST ${hostname}, PORT ${port} (${cause.code}): set another PORT or HOST.`, {
          cause,
        }),
      ),
    );
  });
}

async function openDatabase(environment: ServerEnvironment, log: ServerLog): Promise<OpenDatabase> {
  const { MEMA_APP_URL: app, MEMA_WORKER_URL: worker, MEMA_AUTH_URL: auth, DATABASE_URL: owner } = environment;
  const { replicaUrl } = readDatabaseEnvironment();
  const options = { poolSize: environment.MEMA_POOL_SIZE, prepare: environment.MEMA_PREPARE, replicaUrl };
  if (app !== undefined && worker !== undefined && auth !== undefined) {
    const listenUrl = environment.MEMA_LISTEN_URL;
    const db = createDbClient({ app, worker, auth }, { ...options, ...(listenUrl === undefined ? {} : { listenUrl }) });
    return { db, description: describeUrl(app), examined: false, close: () => db.close() };
  }
  if (owner !== undefined) {
    const { applied } = await runMigrations(owner);
    if (applied > 0) log.info({ applied }, "migrations applied");
    const db = createDbClient(deriveRuntimeUrls(owner, readDatabaseEnvironment().passwords), options);
    return { db, description: describeUrl(owner), examined: false, close: () => db.close() };
  }
  await makeEmbeddedDatabase(environment.MEMA_DATA_DIR);
  const engine: EmbeddedEngine = await openEmbeddedEngine({ dataDir: environment.MEMA_DATA_DIR });
  try {
    const { applied } = await runMigrations(engine);
    if (applied > 0) log.info({ applied }, "migrations applied");
  } catch (error) {
    await engine.close();
    throw error;
  }
  const exitWhenGone = async () => {
    const error = await engine.fatal;
    log.error({ error: error.message }, "the embedded database ended");
    process.exit(1);
  };
  void exitWhenGone();
  const db = createEmbeddedClient(engine, { prepare: environment.MEMA_PREPARE });
  return {
    db,
    description: `embedded PostgreSQL in ${environment.MEMA_DATA_DIR}`,
    examined: true,
    close: async () => {
      await db.close();
      await engine.close();
    },
  };
}

function describeUrl(connection: string): string {
  const { hostname, port, pathname } = new URL(connection);
  return `PostgreSQL at ${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
}
