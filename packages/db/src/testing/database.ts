import { randomBytes } from "node:crypto";
import postgres, { type Sql } from "postgres";
import { inject } from "vitest";
import { createDbClient, createEmbeddedClient, type Db, type DbClientOptions } from "../connection/client.ts";
import { createDatabase, dropDatabase } from "../databases.ts";
import { openEmbeddedEngine } from "../embedded/engine.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { testEnvironment } from "./env.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Owner's connection of the PostgreSQL to test on; null where there is none. */
    ownerUrl: string | null;
    /** Name of a migrated database to copy. */
    templateDatabase: string;
    /** File with a migrated embedded database to copy. */
    embeddedTemplate: string;
  }
}

/** A migrated, empty database of the engine under test. */
export interface TestDatabase {
  db: Db;
  engine: "embedded" | "postgres";
  /** Runs statements as the owner, outside of row-level security's roles. On the embedded engine that is its superuser. */
  asOwner<T>(body: (owner: Sql) => Promise<T>): Promise<T>;
  /** The owner's URL; null on the embedded engine. */
  ownerUrl: string | null;
  close(): Promise<void>;
}

/** Copies the migrated template of the engine under test (MEMA_TEST_ENGINE). Each test file makes its own and closes it. */
export async function createTestDatabase(options: DbClientOptions = {}): Promise<TestDatabase> {
  return testEnvironment.engine === "postgres" ? createPostgresDatabase(options) : createEmbeddedDatabase(options);
}

async function createEmbeddedDatabase(options: DbClientOptions): Promise<TestDatabase> {
  const engine = await openEmbeddedEngine({ dataDir: null, template: inject("embeddedTemplate") });
  const db = createEmbeddedClient(engine, options);
  return {
    db,
    engine: "embedded",
    ownerUrl: null,
    asOwner: async (body) => {
      const slot = await db.app.pool.acquire();
      try {
        return await body(slot.driver);
      } finally {
        db.app.pool.release(slot);
      }
    },
    close: async () => {
      await db.close();
      await engine.close();
    },
  };
}

async function createPostgresDatabase(options: DbClientOptions): Promise<TestDatabase> {
  const clusterUrl = inject("ownerUrl");
  if (clusterUrl === null) throw new Error("no PostgreSQL to test on: set TEST_DATABASE_URL or install PostgreSQL with pgvector");
  const name = `mema_test_${randomBytes(6).toString("hex")}`;
  const ownerUrl = await createDatabase(clusterUrl, name, inject("templateDatabase"));
  const owner = postgres(ownerUrl, { max: 2, onnotice: () => {} });
  // Rights on the database itself are not copied with its template.
  await owner.unsafe(`
    revoke temporary on database ${name} from public;
    grant connect on database ${name} to mema_app, mema_worker, mema_auth`);
  const db = createDbClient(deriveRuntimeUrls(ownerUrl), options);
  return {
    db,
    engine: "postgres",
    ownerUrl,
    asOwner: (body) => body(owner),
    close: async () => {
      await db.close();
      await owner.end({ timeout: 1 });
      await dropDatabase(clusterUrl, name);
    },
  };
}
