import { fileURLToPath } from "node:url";
import { AppError } from "@mema/shared";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import postgres, { type Options, type Sql, type TransactionSql } from "postgres";
import { checkCatalog } from "../check/check-catalog.ts";
import { readDatabaseEnvironment } from "../connection/env.ts";
import { type EmbeddedEngine, openEmbeddedEngine } from "../embedded/engine.ts";
import { harden, soften } from "./harden.ts";
import type { Passwords } from "./passwords.ts";
import { bootstrapRoles, setRuntimePasswords } from "./roles.ts";

export const migrationsFolder = fileURLToPath(new URL("../../migrations", import.meta.url));

/** Any fixed number: who holds this lock is migrating this database. */
const migrationLock = 7_236_451;

export interface MigrationOptions {
  /** Passwords of the runtime logins; from the environment unless given. */
  passwords?: Passwords;
  /** Another folder of migrations, and how many of them to apply at most. For tests of upgrades. */
  folder?: string;
  upTo?: number;
}

export interface MigrationReport {
  applied: number;
  total: number;
}

/**
 * Brings a database to the newest schema: roles and extension, pending migrations, forced row-level security and grants. Migrations,
 * hardening and the catalog check are one transaction: all or nothing. Safe to run twice, and from several processes at once.
 * `connection` is the owner's URL (superuser, or a role with CREATEROLE that owns the database), `embedded:FOLDER`, or an open engine.
 * Throws PRECONDITION_FAILED with what to do when the database or the owner lacks something, a migration fails, or a rule
 * of isolation is broken afterwards (each with its remedy).
 */
export async function runMigrations(connection: string | EmbeddedEngine, options: MigrationOptions = {}): Promise<MigrationReport> {
  if (typeof connection === "string" && connection.startsWith("embedded:")) {
    const engine = await openEmbeddedEngine({ dataDir: connection.slice("embedded:".length) || null });
    try {
      return await runMigrations(engine, options);
    } finally {
      await engine.close();
    }
  }
  const settings: Options<{}> = { max: 1, connect_timeout: 10, onnotice: () => {} };
  const embedded = typeof connection !== "string";
  const owner = embedded ? postgres({ ...connection.connection, ...settings }) : postgres(connection, settings);
  try {
    // One process has the embedded database for itself, and it lies as it was left: two looks tell whether there is anything to do.
    if (embedded && options.folder === undefined && options.upTo === undefined && (await isCurrent(owner))) {
      return { applied: 0, total: readMigrationFiles({ migrationsFolder }).length };
    }
    await owner`select pg_advisory_lock(${migrationLock})`;
    await bootstrapRoles(owner, embedded);
    const report = await applyPending(owner, options);
    if (!embedded) await setRuntimePasswords(owner, connection, options.passwords ?? readDatabaseEnvironment().passwords);
    await owner`select pg_advisory_unlock(${migrationLock})`;
    return report;
  } finally {
    await owner.end({ timeout: 5 });
  }
}

/** How many migrations this database lacks; negative when a newer version of Mema has migrated it. */
export async function pendingMigrations(owner: Sql): Promise<number> {
  const migrations = readMigrationFiles({ migrationsFolder });
  const [found] = await owner<{ table: string | null }[]>`select to_regclass('drizzle.__drizzle_migrations')::text as table`;
  if (found?.table === null) return migrations.length;
  const [last] = await owner<{ at: string | null }[]>`select max(created_at) as at from drizzle.__drizzle_migrations`;
  const newest = Number(last?.at ?? 0);
  if (newest > (migrations.at(-1)?.folderMillis ?? 0)) return -1;
  return migrations.filter((migration) => migration.folderMillis > newest).length;
}

async function isCurrent(owner: Sql): Promise<boolean> {
  return (await pendingMigrations(owner)) === 0 && (await checkCatalog(owner)).length === 0;
}

async function applyPending(owner: Sql, { folder = migrationsFolder, upTo }: MigrationOptions): Promise<MigrationReport> {
  const migrations = readMigrationFiles({ migrationsFolder: folder }).slice(0, upTo);
  return owner.begin(async (tx) => {
    await tx.unsafe("set local role mema_owner; set local row_security = off; set local lock_timeout = '30s'");
    await tx.unsafe(`
      create schema if not exists drizzle;
      create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`);
    const [last] = await tx<{ at: string | null }[]>`select max(created_at) as at from drizzle.__drizzle_migrations`;
    const newest = Number(last?.at ?? 0);
    if (upTo === undefined && newest > (migrations.at(-1)?.folderMillis ?? 0)) {
      throw new AppError(
        "PRECONDITION_FAILED",
        "This database was migrated by a newer version of Mema: update this one, or use another database.",
      );
    }
    const pending = migrations.filter((migration) => migration.folderMillis > newest);
    if (pending.length > 0) await soften(tx);
    for (const migration of pending) await apply(tx, migration);
    await harden(tx);
    if (upTo === undefined) await assertCatalog(tx);
    return { applied: pending.length, total: migrations.length };
  });
}

async function assertCatalog(tx: TransactionSql): Promise<void> {
  const findings = await checkCatalog(tx);
  if (findings.length === 0) return;
  const lines = findings.map(({ rule, object, remedy }) => `  ${rule}: ${object}\n    ${remedy}`);
  throw new AppError(
    "PRECONDITION_FAILED",
    `The database breaks ${findings.length === 1 ? "a rule" : `${findings.length} rules`} of isolation, so nothing was changed:\n${lines.join("\n")}`,
  );
}

async function apply(tx: TransactionSql, migration: MigrationMeta): Promise<void> {
  for (const statement of migration.sql) {
    try {
      await tx.unsafe(statement);
    } catch (cause) {
      const { message, code } = cause as { message: string; code?: string };
      const advice =
        code === "55P03"
          ? "Another session holds a lock on the table; end it or wait, then migrate again."
          : "Correct the cause, then migrate again.";
      throw new AppError(
        "PRECONDITION_FAILED",
        `Migration of ${new Date(migration.folderMillis).toISOString()} failed: ${message}\n  in: ${statement.trim().slice(0, 200)}\nNothing was changed. ${advice}`,
        { cause },
      );
    }
  }
  await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${migration.hash}, ${migration.folderMillis})`;
}
