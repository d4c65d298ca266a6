import type { Sql } from "postgres";
import { type Catalog, type Constraint, ofTable, tenantColumn, tenantTables } from "../catalog.ts";
import type { ProofTable } from "./rows.ts";

interface Rights {
  name: string;
  readable: string[];
  update: boolean;
  delete: boolean;
  insert: boolean;
}

/** The tenant tables as the proof needs them: from the catalog alone, so that a new table is proven without a line of code. */
export async function describeTables(connection: Sql, catalog: Catalog): Promise<ProofTable[]> {
  const rights = await connection.unsafe<Rights[]>(`
    select c.relname::text as name,
      array(select quote_ident(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and has_column_privilege('mema_app', c.oid, a.attnum, 'select') order by a.attnum)::text[] as readable,
      has_table_privilege('mema_app', c.oid, 'update') as update, has_table_privilege('mema_app', c.oid, 'delete') as delete,
      has_table_privilege('mema_app', c.oid, 'insert') as insert
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p')`);
  const tables = tenantTables(catalog);
  const names = new Set(tables.map((table) => `public.${table.name}`));
  return tables.flatMap((table): ProofTable[] | ProofTable => {
    const granted = rights.find(({ name }) => name === table.name);
    if (granted === undefined) return [];
    const constraints = catalog.constraints.filter(ofTable(table));
    const unique = catalog.indexes.filter(ofTable(table)).filter((index) => index.unique);
    const references = constraints.filter(
      (constraint): constraint is Constraint & { target: string } =>
        constraint.kind === "f" && constraint.target !== null && names.has(constraint.target),
    );
    const columns = catalog.columns.filter(ofTable(table));
    return {
      name: `public.${table.name}`,
      tenant: tenantColumn(table.name),
      columns,
      key: constraints.find(({ kind }) => kind === "p")?.columns ?? [tenantColumn(table.name)],
      // To a user's own row there is only one way: the user's id, which every row has anyway.
      references: references.filter(({ target }) => target !== "public.users"),
      // An expression has no column of its own: lower(topic) is about topic.
      uniques: unique.map(({ columns: keys, definition }) => [
        ...keys.filter((column) => column !== null),
        ...(keys.includes(null) ? columns.map(({ name }) => name).filter((name) => new RegExp(`\\b${name}\\b`).test(definition)) : []),
      ]),
      checks: constraints.flatMap(({ kind, expression }) => (kind === "c" && expression !== null ? [expression] : [])),
      readable: granted.readable,
      may: { insert: granted.insert, update: granted.update, delete: granted.delete },
    };
  });
}
