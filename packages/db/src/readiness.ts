import { readMigrationFiles } from "drizzle-orm/migrator";
import { sql } from "drizzle-orm";
import { catalogWarnings, checkCatalog, type Finding } from "./check/check-catalog.ts";
import { withSignIn, withUser, withWorker } from "./connection/access.ts";
import type { Db } from "./connection/client.ts";
import type { Queries } from "./connection/transaction.ts";
import { asAppError } from "./errors.ts";
import { migrationsFolder } from "./migrate/run-migrations.ts";
import { newId } from "./schema/base.ts";

export interface ReadinessCheck {
  name: "database" | "migrations" | "roles" | "isolation";
  ok: boolean;
  /** Why not, and what to do. */
  reason?: string;
}

/** Whether this database can be served: it answers, has the newest schema, and no serving login could pass row-level security by. Never throws. */
export async function checkReadiness(db: Db): Promise<ReadinessCheck[]> {
  try {
    const migrations = await checkMigrated(db);
    return [{ name: "database", ok: true }, migrations, await checkRoles(db)];
  } catch (error) {
    return [{ name: "database", ok: false, reason: asAppError(error).message }];
  }
}

/**
 * The catalog against every rule of isolation, as the application's own login sees it, and what an operator should know (one line each).
 * For the start of a server; throws UNAVAILABLE when the database does not answer.
 */
export async function examineCatalog(db: Db): Promise<{ findings: Finding[]; warnings: string[] }> {
  // Its migration has examined the embedded database in this process, and nobody else can open it.
  if (db.engine === "embedded") return { findings: [], warnings: [] };
  const slot = await db.app.pool.acquire();
  try {
    return { findings: await checkCatalog(slot.driver), warnings: await catalogWarnings(slot.driver, db.engine) };
  } catch (error) {
    throw asAppError(error);
  } finally {
    db.app.pool.release(slot);
  }
}

async function checkMigrated(db: Db): Promise<ReadinessCheck> {
  const expected = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  const remedy = "run `npm run db:migrate` with the owner's DATABASE_URL";
  try {
    const rows = await withUser(
      db,
      newId(),
      (tx) => tx.execute<{ newest: string | null }>(sql`select max(created_at) as newest from drizzle.__drizzle_migrations`),
      { readOnly: true },
    );
    const newest = Number(rows[0]?.newest ?? 0);
    if (newest === expected) return { name: "migrations", ok: true };
    const reason =
      newest < expected ? `the database has an older schema: ${remedy}` : "the database has a newer schema: update this server";
    return { name: "migrations", ok: false, reason };
  } catch (error) {
    const { code } = asAppError(error);
    if (code === "UNAVAILABLE" || code === "TIMEOUT") throw error;
    return { name: "migrations", ok: false, reason: `the database is not migrated: ${remedy}` };
  }
}

interface Login {
  [column: string]: unknown;
  login: string;
  unsafe: boolean;
}

/** On PostgreSQL each connection must be the login of its role. The embedded engine has one connection, a superuser that takes the role on. */
async function checkRoles(db: Db): Promise<ReadinessCheck> {
  if (db.engine === "embedded") return { name: "roles", ok: true };
  const logins = [
    ["MEMA_APP_URL", "mema_app", await withUser(db, newId(), askLogin, { readOnly: true })],
    ["MEMA_WORKER_URL", "mema_worker", await withWorker(db, askLogin, { readOnly: true })],
    ["MEMA_AUTH_URL", "mema_auth", await withSignIn(db, askLogin)],
  ] as const;
  const wrong = logins.filter(([, role, found]) => found === undefined || found.login !== role || found.unsafe);
  if (wrong.length === 0) return { name: "roles", ok: true };
  const names = wrong.map(([variable, role, found]) => `${variable} connects as ${found?.login ?? "nobody"} instead of ${role}`);
  return {
    name: "roles",
    ok: false,
    reason: `${names.join("; ")}: a login that owns tables, is superuser, bypasses RLS or is member of another role could see every user's rows, so this server refuses to serve`,
  };
}

async function askLogin(tx: Queries): Promise<Login | undefined> {
  const rows = await tx.execute<Login>(sql`
    select session_user::text as login,
      r.rolsuper or r.rolbypassrls or r.rolcreaterole or exists (select from pg_auth_members m where m.member = r.oid)
        or exists (select from pg_class c where c.relowner = r.oid) as unsafe
    from pg_roles r where r.rolname = session_user`);
  return rows[0];
}
