import {
  createDbClient,
  createEmbeddedClient,
  type Db,
  deriveRuntimeUrls,
  openEmbeddedEngine,
  type RuntimeUrls,
  runMigrations,
} from "@mema/db";
import { hasPostgresBinaries, startPrivateCluster } from "@mema/db/cluster";
import postgres from "postgres";
import { benchmarkEnvironment } from "./env.ts";

/** The database that a benchmark measures. */
export interface BenchmarkDatabase {
  ownerUrl: string;
  urls: RuntimeUrls;
  /** For the report. */
  engine: string;
  close(): Promise<void>;
}

/** DATABASE_URL in place (migrated first), else a private cluster with PostgreSQL's default durability. */
export async function openBenchmarkDatabase(): Promise<BenchmarkDatabase> {
  const { databaseUrl } = benchmarkEnvironment;
  if (databaseUrl !== null) {
    await runMigrations(databaseUrl);
    return describe(databaseUrl, async () => {});
  }
  if (!hasPostgresBinaries()) throw new Error("no PostgreSQL to measure: set DATABASE_URL or install PostgreSQL with pgvector");
  const cluster = await startPrivateCluster();
  const administrator = postgres(cluster.ownerUrl, { max: 1, onnotice: () => {} });
  await administrator`create database mema_benchmark`;
  await administrator.end();
  const ownerUrl = Object.assign(new URL(cluster.ownerUrl), { pathname: "/mema_benchmark" }).href;
  await runMigrations(ownerUrl, { passwords: {} });
  return describe(ownerUrl, async () => cluster.stop());
}

/** A client on the same, or on an embedded database in memory where there is no PostgreSQL: for what can be measured on either. */
export async function openBenchmarkClient(): Promise<{ db: Db; engine: string; close(): Promise<void> }> {
  if (benchmarkEnvironment.databaseUrl === null && !hasPostgresBinaries()) {
    const engine = await openEmbeddedEngine({ dataDir: null });
    await runMigrations(engine);
    const db = createEmbeddedClient(engine, { prepare: true });
    const close = async () => {
      await db.close();
      await engine.close();
    };
    return { db, engine: "embedded PostgreSQL in memory", close };
  }
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { prepare: true, listenUrl: null });
  const close = async () => {
    await db.close();
    await database.close();
  };
  return { db, engine: database.engine, close };
}

async function describe(ownerUrl: string, close: () => Promise<void>): Promise<BenchmarkDatabase> {
  const owner = postgres(ownerUrl, { max: 1 });
  const [server] = await owner<{ version: string }[]>`select current_setting('server_version') as version`;
  await owner.end();
  return { ownerUrl, urls: deriveRuntimeUrls(ownerUrl), engine: `PostgreSQL ${server?.version ?? "?"} over TCP on this machine`, close };
}
