import { newId } from "../../schema/base.ts";
import type { Column, Constraint } from "../catalog.ts";

export type Row = Record<string, unknown>;
/** `unique` in columns of unique keys (the same for both users), `global` where one value is for one user only, `free` in all others. */
export interface Text {
  unique: string;
  /** The same for numbers and seconds, 1 to 30,000. */
  number: number;
  free: string;
  global: string;
}

/** A tenant table, as read from the catalog. */
export interface ProofTable {
  /** With its schema. */
  name: string;
  /** The column that says whose row it is. */
  tenant: "id" | "user_id";
  columns: Column[];
  key: string[];
  /** To other tenant tables, not to users. */
  references: (Constraint & { target: string })[];
  /** The columns of each unique index. */
  uniques: string[][];
  checks: string[];
  /** Columns that the application may read, quoted. */
  readable: string[];
  /** What the application may do besides reading. */
  may: { insert: boolean; update: boolean; delete: boolean };
}

/** Whether a row is this one, by its key, as a condition with literals. Only ids and generated texts get in. */
export function isRow(table: ProofTable, row: Row): string {
  const literal = (value: unknown) => `'${String(value).replaceAll("'", "''")}'`;
  return table.key.flatMap((column) => (column in row ? [`"${column}" = ${literal(row[column])}`] : [])).join(" and ");
}

/** Rows that the schema's triggers write by themselves, too. */
export const keptByTriggers = ({ name }: ProofTable): boolean =>
  ["public.recall_terms", "public.recall_statistics", "public.recall_embedding_queue"].includes(name);

/** Every table after those that its rows refer to. */
export function parentsFirst(tables: readonly ProofTable[]): ProofTable[] {
  const ordered: ProofTable[] = [];
  const visit = (table: ProofTable, path: ReadonlySet<string>) => {
    if (ordered.includes(table) || path.has(table.name)) return;
    for (const { target } of table.references) {
      const parent = tables.find(({ name }) => name === target);
      if (parent !== undefined) visit(parent, new Set([...path, table.name]));
    }
    ordered.push(table);
  };
  for (const table of tables.toSorted((a, b) => Number(b.name === "public.users") - Number(a.name === "public.users"))) {
    visit(table, new Set());
  }
  return ordered;
}

/**
 * A valid row. Nullable columns stay empty, except foreign keys and those of unique keys; a worker finds nothing to do in it.
 * `links` are values of foreign key columns that take the place of the user's own parents.
 */
export function fill(table: ProofTable, userId: string, parents: ReadonlyMap<string, Row>, text: Text, links: Row): Row {
  const row: Row = {};
  const linked = new Set(table.references.flatMap(({ columns }) => columns));
  for (const column of table.columns.filter(({ name }) => !linked.has(name))) {
    const value = valueOf(table, column, text);
    if (value !== undefined) row[column.name] = value;
  }
  for (const reference of table.references) {
    const parent = parents.get(reference.target);
    reference.columns.forEach((column, index) => {
      const value = parent?.[reference.targetColumns[index] ?? ""];
      if (value !== undefined && reference.target !== table.name) row[column] = value;
    });
  }
  Object.assign(row, links, { [table.tenant]: userId });
  return adjust(table, row, links);
}

function valueOf(table: ProofTable, column: Column, text: Text): unknown {
  const inUnique = table.uniques.some(
    (columns) => columns.includes(column.name) && !(columns.length === 1 && column.name === table.tenant),
  );
  if (column.name === "id") return newId();
  if (column.default !== null || (!column.notNull && !inUnique)) return undefined;
  const allowed = table.checks
    .map((check) => new RegExp(String.raw`^\(?\(?${column.name} = ANY \(ARRAY\['([^']+)'`).exec(check)?.[1])
    .find(Boolean);
  if (allowed !== undefined) return allowed;
  const type = column.type.replace(/\(.*/, "");
  if (column.type.endsWith("[]")) return "{}";
  switch (type) {
    case "uuid":
      return newId();
    case "text":
      if (!inUnique) return text.free;
      // The one value that is unique over all users, on purpose (exceptions.ts).
      return table.name === "public.user_auths" && column.name === "external_id" ? text.global : text.unique;
    case "smallint":
    case "integer":
    case "bigint":
    case "real":
    case "double precision":
      return inUnique ? String(text.number) : "1";
    case "boolean":
      return "false";
    case "jsonb":
      return "{}";
    case "date":
      return "2020-01-01";
    default:
      if (!type.startsWith("timestamp")) return undefined;
      return inUnique ? new Date(text.number * 1_000).toISOString().replace("Z", "") : "2020-01-01 00:00:00";
  }
}

/** What no catalog says: a valid combination of columns, and states in which nothing is due. */
function adjust(table: ProofTable, row: Row, links: Row): Row {
  switch (table.name) {
    case "public.reminders":
      return { ...row, status: "cancelled" };
    case "public.reminder_deliveries":
      return { ...row, status: "cancelled", settled_at: "2020-01-01 00:00:00" };
    case "public.channels":
      return { ...row, type: "log" };
    case "public.recall_documents": {
      const fact = links["fact_id"];
      return fact === undefined
        ? { ...row, kind: "message", id: row["message_id"], fact_id: null }
        : { ...row, kind: "fact", id: fact, message_id: null };
    }
    default:
      return row;
  }
}
