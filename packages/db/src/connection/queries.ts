import { AppError } from "@mema/shared";
import { createTableRelationsHelpers, extractTablesRelationalConfig, fillPlaceholders, type SQL } from "drizzle-orm";
import { PgDialect, type PgPreparedQuery, type PreparedQueryConfig } from "drizzle-orm/pg-core";
import { drizzle, PostgresJsDatabase, PostgresJsSession } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import * as schema from "../schema/index.ts";
import { Lease, type StatementRunner } from "./lease.ts";
import type { SignalChannel } from "./signals.ts";

export type Schema = typeof schema;
const relational = extractTablesRelationalConfig(schema, createTableRelationsHelpers);
type Relational = typeof relational.tables;
const dialect = new PgDialect();
const relationalSchema = { fullSchema: schema, schema: relational.tables, tableNamesMap: relational.tableNamesMap };

/** Drizzle inside a transaction: queries and `execute`. No `transaction()`: it would lose the proof of whose data this is; use `savepoint`. */
export type Queries = Omit<PostgresJsDatabase<Schema>, "transaction" | "$client" | "$cache"> & {
  /** Announces something when, and only when, the transaction commits. */
  readonly signal: (channel: SignalChannel, payload?: string) => void;
};

/** Drizzle's session on a lease: of the driver's client it uses nothing but `unsafe`. */
class LeaseSession extends PostgresJsSession<Sql, Schema, Relational> {
  constructor(driver: Sql, lease: StatementRunner) {
    super(driver, dialect, relationalSchema);
    const unsafe = (text: string, parameters?: unknown[]) => lease.run(text, parameters);
    Object.assign(this, { client: { unsafe } });
  }

  /** A query that was started with `execute()` and forgotten must not end the process when it fails: its transaction fails instead. */
  override prepareQuery<T extends PreparedQueryConfig>(
    ...parameters: Parameters<PostgresJsSession<Sql, Schema, Relational>["prepareQuery"]>
  ): PgPreparedQuery<T> {
    const prepared: PgPreparedQuery<T> = super.prepareQuery(...parameters);
    const execute = prepared.execute.bind(prepared);
    prepared.execute = (values) => {
      const rows = execute(values);
      rows.catch(() => {});
      return rows;
    };
    return prepared;
  }
}

/** What a transaction hands to its body. */
export class TransactionQueries extends PostgresJsDatabase<Schema> {
  readonly #driver: Sql;
  readonly #lease: StatementRunner;
  readonly signal: Queries["signal"];

  constructor(driver: Sql, lease: StatementRunner, signal: Queries["signal"]) {
    const session = new LeaseSession(driver, lease);
    super(dialect, session as never, undefined);
    this.#driver = driver;
    this.#lease = lease;
    this.signal = signal;
    // Drizzle would make a builder for every table; most transactions use none.
    Object.defineProperty(this, "query", {
      get: () => new PostgresJsDatabase<Schema>(dialect, session as never, relationalSchema as never).query,
    });
  }

  override transaction(): never {
    throw new AppError("INTERNAL", "A transaction inside a transaction would lose the proof of whose data this is: use savepoint().");
  }

  static leaseOf(queries: object): StatementRunner {
    if (#lease in queries) return queries.#lease;
    throw new AppError("INTERNAL", "These queries are not a transaction's: take those that withUser passes.");
  }

  /** Queries of one user in a transaction of several, which `queries` is. Only `withUsers` calls it. */
  static boundTo(queries: object, userId: string): Queries {
    if (!(#lease in queries) || !(queries.#lease instanceof Lease)) {
      throw new AppError("INTERNAL", "A user's part of a transaction cannot be given to another user.");
    }
    return new TransactionQueries(queries.#driver, queries.#lease.boundTo(userId), queries.signal);
  }
}

type Values = Record<string, unknown>;
const detached = drizzle.mock({ schema });

/**
 * A query that Drizzle builds once instead of at every call (building costs about as much as row-level security and the transaction
 * together). `build` names what differs between calls with `sql.placeholder(name)`; `userId` is filled in from a user's transaction.
 */
export function compileQuery<T>(
  build: (queries: Pick<Queries, "select" | "insert" | "update" | "delete">) => {
    prepare(name: string): { execute(values?: Values): Promise<T> };
  },
): (tx: Queries & { readonly userId?: string }, values: Values) => Promise<T> {
  const prepared = build(detached).prepare("compiled");
  return async (tx, values) => {
    const lease = TransactionQueries.leaseOf(tx);
    const client = { unsafe: (text: string, parameters?: unknown[]) => lease.run(text, parameters) };
    const bound: typeof prepared = Object.create(prepared, { client: { value: client } });
    return bound.execute({ ...values, userId: tx.userId });
  };
}

/** The same for a statement of one's own: its rows are as the driver gives them. */
export function compileStatement<Row = Record<string, unknown>>(
  statement: SQL,
): (tx: Queries & { readonly userId?: string }, values: Values) => Promise<Row[]> {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return async (tx, values) =>
    (await TransactionQueries.leaseOf(tx).run(text, fillPlaceholders(params, { ...values, userId: tx.userId }))) as unknown[] as Row[];
}
