import { randomBytes } from "node:crypto";
import postgres, { type Sql } from "postgres";
import { inject } from "vitest";
import { createDbClient, createEmbeddedClient, type Db } from "../connection/client.ts";
import { dumpTemplate, type EmbeddedEngine, openEmbeddedEngine } from "../embedded/engine.ts";
import { createDatabase, dropDatabase } from "../databases.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { testEnvironment } from "./env.ts";

/** A database that nobody has migrated. */
export interface BlankDatabase {
  /** For `runMigrations`. */
  connection: string | EmbeddedEngine;
  /** Runs statements as the owner (on the embedded engine its superuser), on a connection of their own. */
  asOwner<T>(body: (owner: Sql) => Promise<T>): Promise<T>;
  /** Runs with the application's client; after a migration. */
  asClient<T>(body: (db: Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

let emptyEngine: Promise<Uint8Array> | null = null;

/** Making an embedded database takes about four seconds, copying one half a second. */
async function dumpOfEmptyEngine(): Promise<Uint8Array> {
  const engine = await openEmbeddedEngine({ dataDir: null });
  try {
    return await dumpTemplate(engine);
  } finally {
    await engine.close();
  }
}

/** An empty database of the engine under test: on PostgreSQL one that the non-superuser owner has just created. */
export async function createBlankDatabase(): Promise<BlankDatabase> {
  if (testEnvironment.engine === "embedded") {
    const engine = await openEmbeddedEngine({ dataDir: null, template: await (emptyEngine ??= dumpOfEmptyEngine()) });
    return {
      connection: engine,
      asOwner: (body) => using(postgres({ ...engine.connection, max: 1, onnotice: () => {} }), body),
      asClient: (body) => usingClient(createEmbeddedClient(engine), body),
      close: () => engine.close(),
    };
  }
  const clusterUrl = inject("ownerUrl");
  if (clusterUrl === null) throw new Error("no PostgreSQL to test on: set TEST_DATABASE_URL or install PostgreSQL with pgvector");
  return createBlankOn(clusterUrl);
}

/** An empty database of its own on the cluster of this URL. */
export async function createBlankOn(clusterUrl: string, template = "template1"): Promise<BlankDatabase & { connection: string }> {
  const name = `mema_test_${randomBytes(6).toString("hex")}`;
  const url = await createDatabase(clusterUrl, name, template);
  return {
    connection: url,
    asOwner: (body) => using(postgres(url, { max: 1, onnotice: () => {} }), body),
    asClient: (body) => usingClient(createDbClient(deriveRuntimeUrls(url)), body),
    close: () => dropDatabase(clusterUrl, name),
  };
}

async function using<T>(connection: Sql, body: (connection: Sql) => Promise<T>): Promise<T> {
  try {
    return await body(connection);
  } finally {
    await connection.end({ timeout: 1 });
  }
}

async function usingClient<T>(db: Db, body: (db: Db) => Promise<T>): Promise<T> {
  try {
    return await body(db);
  } finally {
    await db.close();
  }
}
