import type { BuildExtraConfigColumns } from "drizzle-orm";
import {
  type AnyPgColumn,
  foreignKey,
  type PgColumnBuilderBase,
  type PgTableExtraConfigValue,
  pgTable,
  primaryKey,
  uuid,
} from "drizzle-orm/pg-core";
import { columnTypes, createBaseTable, enumerationChecks, isolationPolicy } from "./base.ts";
import { users } from "./users.ts";

type Columns = Record<string, PgColumnBuilderBase>;
type Extra<Name extends string, C extends Columns> = (table: BuildExtraConfigColumns<Name, C, "pg">) => PgTableExtraConfigValue[];
type Key = [AnyPgColumn, ...AnyPgColumn[]];

const ownerColumns = () => ({ userId: uuid("user_id").notNull(), createdAt: columnTypes.instant("created_at").notNull().defaultNow() });

/** What every tenant table has besides its columns: key, the way to its user (deleting a user deletes the rows), policy, CHECKs. */
function tenantRules(name: string, columns: Columns, userId: unknown, key: unknown[]): PgTableExtraConfigValue[] {
  return [
    primaryKey({ name: `${name}_pkey`, columns: key as Key }),
    foreignKey({ name: `${name}_user_fk`, columns: [userId as AnyPgColumn], foreignColumns: [users.id] }).onDelete("cascade"),
    isolationPolicy(),
    ...enumerationChecks(name, columns),
  ];
}

/**
 * Declares a tenant table: user_id, id and created_at, the key (user_id, id), the isolation policy and a CHECK for each enumeration.
 * FORCE and grants follow from the catalog after each migration, so that a new table is right by default.
 */
export function tenantTable<Name extends string, C extends Columns>(
  name: Name,
  columns: C,
  extra?: Extra<Name, ReturnType<typeof createBaseTable> & C>,
) {
  const all = { ...createBaseTable(), ...columns } as ReturnType<typeof createBaseTable> & C;
  return pgTable(name, all, (table) => [
    ...tenantRules(name, all, table["userId"], [table["userId"], table["id"]]),
    ...(extra?.(table) ?? []),
  ]);
}

/** A tenant table whose key is user_id followed by columns of its own: none for one row per user, two ids for a link table. */
export function keyedTenantTable<Name extends string, C extends Columns>(
  name: Name,
  columns: C,
  key: (keyof C & string)[],
  extra?: Extra<Name, ReturnType<typeof ownerColumns> & C>,
) {
  const all = { ...ownerColumns(), ...columns } as ReturnType<typeof ownerColumns> & C;
  return pgTable(name, all, (table) => [
    ...tenantRules(
      name,
      all,
      table["userId"],
      ["userId", ...key].map((column) => (table as Record<string, unknown>)[column]),
    ),
    ...(extra?.(table) ?? []),
  ]);
}

/**
 * A foreign key between tenant tables, always together with user_id: a row cannot belong to another user's parent.
 * What belongs to its parent cascades; provenance does not, its repository clears the link first.
 */
export function tenantReference(
  name: string,
  userId: unknown,
  column: unknown,
  target: () => { userId: AnyPgColumn; id: AnyPgColumn },
  onDelete: "cascade" | "no action",
) {
  const parent = target();
  return foreignKey({
    name,
    columns: [userId as AnyPgColumn, column as AnyPgColumn],
    foreignColumns: [parent.userId, parent.id],
  }).onDelete(onDelete);
}
