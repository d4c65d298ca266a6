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
      /\b(from|join|update|into|using)\s+"(\w+)"(?:\s+(?:as\s+)?"?(?!where\b|set\b|on\b|inner\b|left\b|order\b|group\b|limit\b|for\b)(\w+)"?)?/g,
    ),
  ]
    .map(([, verb, table = "", alias]) => ({ verb, table, name: alias ?? table, column: table === "users" ? "id" : "user_id" }))
    .filter(({ table }) => tenantTables.has(table));
  const filters = ({ name, column }: { name: string; column: string }) =>
    [...sql.matchAll(new RegExp(String.raw`(?<![\w"])"?${name}"?\."?${column}"? = \$(\d+)`, "g"))].filter(
      ([, at]) => params[Number(at) - 1] === userId,
    ).length;
  const inserted = references.filter(({ verb }) => verb === "into");
  const read = references.filter(({ verb }) => verb !== "into");
  const upserts = sql.includes(" do update ") ? inserted : [];
  return [
    ...inserted.filter(({ table, column }) => !new RegExp(String.raw`into "${table}" \([^)]*"${column}"`).test(sql)),
    ...[...Map.groupBy([...read, ...upserts], ({ name }) => name).values()].flatMap((same) => {
      const [first] = same;
      return first === undefined || filters(first) >= same.length ? [] : [first];
    }),
  ].map(({ verb, name }) => `${verb} ${name}: ${sql}`);
}
