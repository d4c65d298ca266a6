import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError } from "@mema/shared";
import postgres, { type Sql } from "postgres";
import { createDbClient, createEmbeddedClient, type Db } from "../connection/client.ts";
import { readDatabaseEnvironment } from "../connection/env.ts";
import { type EmbeddedEngine, openEmbeddedEngine } from "../embedded/engine.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { type MigrationReport, runMigrations } from "../migrate/run-migrations.ts";

/** The database that the db:* commands are about, opened as its owner. */
export interface Target {
  readonly engine: "embedded" | "postgres";
  /** How people know it: a folder, or name and host. No password. */
  readonly name: string;
  /** Whether there was a database before the command. */
  readonly existed: boolean;
  readonly owner: Sql;
  /** The embedded engine, when it is that. */
  readonly embedded: EmbeddedEngine | null;
  /** The owner's URL, when it is PostgreSQL. */
  readonly ownerUrl: string | null;
  migrate(): Promise<MigrationReport>;
  /** Ends the connections until they are used again: the embedded engine takes one at a time, so the owner's and the client's take turns. */
  release(): Promise<void>;
  /** The application's client, by the server's logins; after `migrate` or `release`. Closed with the target. */
  client(): Db;
  close(): Promise<void>;
}

/** What the environment names: DATABASE_URL, else the embedded database in MEMA_DATA_DIR. */
export function describeTarget(): { engine: "postgres"; url: string; name: string } | { engine: "embedded"; folder: string; name: string } {
  const { ownerUrl, runtime, dataDir } = readDatabaseEnvironment();
  if (ownerUrl !== null) {
    const { host, pathname } = parseUrl(ownerUrl);
    return {
      engine: "postgres",
      url: ownerUrl,
      name: `${decodeURIComponent(pathname.slice(1))} on ${host === "" ? "a local socket" : host}`,
    };
  }
  if (runtime !== null) {
    throw new AppError(
      "PRECONDITION_FAILED",
      "The server's logins are set and DATABASE_URL is not: db:* commands need the owner's connection.",
    );
  }
  const folder = resolve(dataDir);
  return { engine: "embedded", folder, name: `the embedded database in ${folder}` };
}

/** Opens it. Throws CONFLICT, naming the process, when another one has the embedded database open. */
export async function openTarget(): Promise<Target> {
  const described = describeTarget();
  return described.engine === "postgres" ? openPostgres(described.url, described.name) : openEmbedded(described.folder, described.name);
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new AppError("BAD_REQUEST", "DATABASE_URL is no URL: it looks like postgres://owner:password@localhost:5432/mema.");
  }
}

function openPostgres(url: string, name: string): Target {
  const owner = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  let db: Db | null = null;
  return {
    engine: "postgres",
    name,
    existed: true,
    owner,
    embedded: null,
    ownerUrl: url,
    migrate: () => runMigrations(url),
    release: async () => {},
    client: () => {
      const { runtime, passwords } = readDatabaseEnvironment();
      return (db ??= createDbClient(runtime ?? deriveRuntimeUrls(url, passwords), { poolSize: 5, listenUrl: null }));
    },
    close: async () => {
      await db?.close();
      await owner.end({ timeout: 1 });
    },
  };
}

async function openEmbedded(folder: string, name: string): Promise<Target> {
  const existed = existsSync(join(folder, "postgres"));
  const engine = await openEmbeddedEngine({ dataDir: folder });
  let connection: Sql | null = null;
  let db: Db | null = null;
  // The engine takes one connection at a time: whoever comes next waits for the one before to go.
  const owner = () => (connection ??= postgres({ ...engine.connection, max: 1, onnotice: () => {} }));
  const release = async () => {
    const [openConnection, openDb] = [connection, db];
    [connection, db] = [null, null];
    await openDb?.close();
    await openConnection?.end({ timeout: 1 });
  };
  return {
    engine: "embedded",
    name,
    existed,
    get owner() {
      return owner();
    },
    embedded: engine,
    ownerUrl: null,
    migrate: async () => {
      await release();
      return runMigrations(engine);
    },
    release,
    client: () => (db ??= createEmbeddedClient(engine)),
    close: async () => {
      await release();
      await engine.close();
    },
  };
}

/** Whether a URL means this machine; commands that destroy refuse any other. */
export function isLocal(url: string): boolean {
  const { hostname, searchParams } = parseUrl(url);
  const host = searchParams.get("host") ?? hostname;
  return ["", "localhost", "127.0.0.1", "::1", "[::1]"].includes(host) || host.startsWith("/") || host.startsWith("%2F");
}
