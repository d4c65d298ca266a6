import { getTableColumns, is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import * as schema from "../schema/index.ts";
import { type Catalog, isTable, ofTable, qualified, type Relation, tenantColumn, tenantTables } from "./catalog.ts";
import type { Rule, Violation } from "./rule.ts";

const ownTables = (catalog: Catalog): Relation[] =>
  catalog.relations.filter((relation) => isTable(relation) && (relation.schema === "public" || relation.schema === "ops"));

/** The CHECK of an enumeration as PostgreSQL prints it. */
function printedCheck(column: string, values: readonly string[]): string {
  const literals = values.map((value) => `'${value.replaceAll("'", "''")}'::text`);
  const name = /^[a-z_][a-z0-9_]*$/.test(column) ? column : `"${column}"`;
  return literals.length === 1 ? `(${name} = ${literals[0]})` : `(${name} = ANY (ARRAY[${literals.join(", ")}]))`;
}

/** Every text column of the schema that holds a closed set of values, with the CHECK that it must have. */
export function enumerationColumns(): { schema: string; table: string; column: string; check: string }[] {
  return Object.values(schema)
    .filter((value) => is(value, PgTable))
    .flatMap((table) => {
      const { name, schema: schemaName = "public" } = getTableConfig(table);
      return Object.values(getTableColumns(table))
        .filter((column) => (column.enumValues?.length ?? 0) > 0)
        .map((column) => ({
          schema: schemaName,
          table: name,
          column: column.name,
          check: printedCheck(column.name, column.enumValues ?? []),
        }));
    });
}

const ofTables =
  (tables: (catalog: Catalog) => Relation[], judge: (table: Relation, catalog: Catalog) => Violation[]): Rule["violations"] =>
  (catalog) =>
    tables(catalog).flatMap((table) => judge(table, catalog));

export const columnRules: Rule[] = [
  {
    name: "user_id",
    violations: ofTables(tenantTables, (table, catalog) => {
      const column = catalog.columns.find((candidate) => ofTable(table)(candidate) && candidate.name === tenantColumn(table.name));
      if (column?.type === "uuid" && column.notNull) return [];
      return [
        {
          object: qualified(table),
          remedy: `It needs ${tenantColumn(table.name)} uuid not null; a table without a user belongs to schema ops.`,
        },
      ];
    }),
  },
  {
    name: "user_outside_public",
    violations: (catalog) =>
      catalog.relations
        .filter((relation) => isTable(relation) && relation.schema !== "public")
        .filter((table) => catalog.columns.some((column) => ofTable(table)(column) && column.name === "user_id"))
        .map((table) => ({ object: qualified(table), remedy: "Users' rows live in schema public, where row-level security is forced." })),
  },
  {
    name: "created_at",
    violations: ofTables(ownTables, (table, catalog) => {
      const column = catalog.columns.find((candidate) => ofTable(table)(candidate) && candidate.name === "created_at");
      if (column?.type.endsWith("with time zone") && column.notNull && column.default !== null) return [];
      return [{ object: qualified(table), remedy: "It needs created_at timestamptz not null default now()." }];
    }),
  },
  {
    name: "timestamptz",
    violations: ofTables(ownTables, (table, catalog) =>
      catalog.columns
        .filter(
          (column) =>
            ofTable(table)(column) && /^time(?!stamp(\(\d\))? with time zone)/.test(column.type) && !column.name.endsWith("_local"),
        )
        .map((column) => ({
          object: `${qualified(table)}.${column.name}`,
          remedy: "An instant is timestamptz; a wall-clock time says so in its name: ..._local.",
        })),
    ),
  },
  {
    name: "sequence",
    violations: (catalog) =>
      catalog.relations
        .filter((relation) => relation.kind === "S" && ["public", "ops"].includes(relation.schema))
        .map((sequence) => ({
          object: qualified(sequence),
          remedy: "Use a UUIDv7 (columnTypes.id()): a sequence tells every user how much the others write.",
        })),
  },
  {
    name: "enumeration",
    violations: (catalog) =>
      enumerationColumns()
        .filter(
          ({ schema, table, check }) =>
            !catalog.constraints.some(
              (constraint) =>
                constraint.kind === "c" && constraint.schema === schema && constraint.table === table && constraint.expression === check,
            ),
        )
        .map(({ schema, table, column, check }) => ({
          object: `${schema}.${table}.${column}`,
          remedy: `Its CHECK is not ${check}: run db:generate after changing an enumeration, then db:migrate.`,
        })),
  },
];
