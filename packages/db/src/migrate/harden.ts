import type { Sql, TransactionSql } from "postgres";
import {
  appendOnlyTables,
  functionGrants,
  isHiddenColumn,
  migratorGrants,
  opsGrants,
  runtimeRoles,
  schemaGrants,
  signInColumns,
  workerColumns,
} from "./access-matrix.ts";

type Connection = Sql | TransactionSql;

interface TenantTable {
  name: string;
  forced: boolean;
  columns: string[];
}

async function tenantTables(connection: Connection): Promise<TenantTable[]> {
  return connection<TenantTable[]>`
    select c.relname as name, c.relforcerowsecurity as forced,
      array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p')
      and pg_has_role('mema_owner', c.relowner, 'usage')
    order by 1`;
}

/**
 * Lets the owner see the rows that a data migration is about. Under FORCE a non-superuser owner's UPDATE changes no row and reports no
 * error, and a foreign key over violating rows is accepted as valid (both measured). Runs in the migration's transaction: nobody else sees it.
 */
export async function soften(connection: Connection): Promise<void> {
  const tables = await tenantTables(connection);
  const statements = tables
    .filter((table) => table.forced)
    .map((table) => `alter table public."${table.name}" no force row level security`);
  if (statements.length > 0) await connection.unsafe(statements.join(";\n"));
}

/** Forces row-level security on every table and grants exactly what the access matrix says. May run any number of times. */
export async function harden(connection: Connection): Promise<void> {
  const statements: string[] = [];
  const roles = ["public", ...runtimeRoles].join(", ");
  for (const { name, forced, columns } of await tenantTables(connection)) {
    const table = `public."${name}"`;
    statements.push(`alter table ${table} enable row level security`);
    if (!forced) statements.push(`alter table ${table} force row level security`);
    statements.push(`revoke all on ${table} from ${roles}`);
    const readable = columns.filter((column) => !isHiddenColumn(column));
    const select = readable.length === columns.length ? "select" : `select (${quoted(readable)})`;
    statements.push(`grant ${select}, insert${appendOnlyTables.includes(name) ? "" : ", update, delete"} on ${table} to mema_app`);
    for (const [role, matrix] of [
      ["mema_worker", workerColumns],
      ["mema_auth", signInColumns],
    ] as const) {
      const grants = matrix[name];
      if (grants === undefined) continue;
      // An older schema lacks columns that the matrix names; the check finds those that the newest one lacks.
      const present = (named: readonly string[] = []) => named.filter((column) => columns.includes(column));
      statements.push(`grant select (${quoted(present(grants.select))}) on ${table} to ${role}`);
      if (grants.update !== undefined) statements.push(`grant update (${quoted(present(grants.update))}) on ${table} to ${role}`);
    }
  }
  statements.push(
    ...["ops", "drizzle"].flatMap((schema) => [
      `revoke all on schema ${schema} from ${roles}`,
      `revoke all on all tables in schema ${schema} from ${roles}`,
      `revoke all on all functions in schema ${schema} from ${roles}`,
      `grant usage on schema ${schema} to ${(schemaGrants[schema] ?? []).join(", ")}`,
    ]),
    ...Object.entries(functionGrants).map(([name, granted]) => `grant execute on function ${name} to ${granted.join(", ")}`),
  );
  const existing = await connection<{ schema: string; name: string }[]>`
    select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('ops', 'drizzle') and c.relkind = 'r'`;
  for (const { schema, name } of existing) {
    for (const [role, rights] of Object.entries((schema === "ops" ? opsGrants : migratorGrants)[name] ?? {})) {
      statements.push(`grant ${rights.join(", ")} on ${schema}."${name}" to ${role}`);
    }
  }
  await connection.unsafe(statements.join(";\n"));
}

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(", ");
