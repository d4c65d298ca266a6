import { getTableName, isTable } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import type { UserTransaction } from "../connection/access.ts";
import { TransactionQueries } from "../connection/queries.ts";
import * as schema from "../schema/index.ts";

export interface Statement {
  sql: string;
  params: unknown[];
}

/** Collects every statement that the transaction is given from here on, as it is sent. */
export function recordStatements(tx: UserTransaction): Statement[] {
  const statements: Statement[] = [];
  const lease = TransactionQueries.leaseOf(tx);
  const run = lease.run.bind(lease);
  lease.run = (text, parameters) => {
    statements.push({ sql: text, params: parameters ?? [] });
    return run(text, parameters);
  };
  return statements;
}

const tenantTables = new Set(
  Object.values<unknown>(schema)
    .filter((value): value is PgTable => isTable(value))
    .filter((table) => getTableConfig(table).schema === undefined)
    .map(getTableName),
);

/**
 * The places where a statement touches a tenant table without naming the user itself: each table that is read or changed needs its own
 * `user_id = $n` with the user's id as that parameter, each insert the column. Row-level security is the other line of defence.
 */
export function unscopedReferences({ sql, params }: Statement, userId: string): string[] {
  const references = [
    ...sql.matchAll(
      /\b(from|join|update|into|using)\s+"?(\w+)"?(?:\s+(?:as\s+)?"?(?!where\b|set\b|on\b|inner\b|left\b|cross\b|join\b|order\b|group\b|limit\b|for\b|returning\b|values\b)(\w+)"?)?/g,
    ),
  ]
    .map(([, verb, table = "", alias]) => ({ verb, table, name: alias ?? table, column: table === "users" ? "id" : "user_id" }))
    .filter(({ table }) => tenantTables.has(table));
  const columnOf = (name: string) => references.find((reference) => reference.name === name)?.column ?? "user_id";
  const scoped = new Set(["excluded"]);
  /** How often a table's user is the transaction's: by parameter, or by being that of a table whose user is. */
  const filters = ({ name, column }: { name: string; column: string }) =>
    [...sql.matchAll(new RegExp(String.raw`(?<![\w"])"?${name}"?\."?${column}"? = (?:\$(\d+)\b|"?(\w+)"?\."?(\w+)"?)`, "g"))].filter(
      ([, at, other = "", theirs]) =>
        at === undefined ? scoped.has(other) && theirs === columnOf(other) : params[Number(at) - 1] === userId,
    ).length;
  const groups = [...Map.groupBy(references, ({ name }) => name).values()];
  for (let before = -1; before < scoped.size;) {
    before = scoped.size;
    for (const same of groups) for (const one of same.slice(0, 1)) if (filters(one) >= same.length) scoped.add(one.name);
  }
  const inserted = references.filter(({ verb }) => verb === "into");
  const read = references.filter(({ verb }) => verb !== "into");
  const upserts = inserted.filter(({ table }) =>
    sql.split(/\binsert\b/).some((part) => new RegExp(String.raw`^ into "?${table}"? `).test(part) && /\bdo update\b/.test(part)),
  );
  return [
    ...inserted.filter(({ table, column }) => !new RegExp(String.raw`into "?${table}"? \([^)]*\b${column}\b`).test(sql)),
    ...[...Map.groupBy([...read, ...upserts], ({ name }) => name).values()].flatMap((same) => {
      const [first] = same;
      return first === undefined || filters(first) >= same.length ? [] : [first];
    }),
  ].map(({ verb, name }) => `${verb} ${name}: ${sql}`);
}
