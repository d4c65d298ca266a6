import { AsyncLocalStorage } from "node:async_hooks";
import { AppError } from "@mema/shared";
import { createTableRelationsHelpers, extractTablesRelationalConfig } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { PostgresJsDatabase, PostgresJsSession } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import * as schema from "../schema/index.ts";
import { Lease } from "./lease.ts";
import type { SignalChannel, Signals } from "./signals.ts";
import type { SlotPool } from "./slot-pool.ts";

export type Schema = typeof schema;
/** Drizzle inside a transaction: queries and `execute`. No `transaction()`: it would lose the proof of whose data this is; use `savepoint`. */
export type Queries = Omit<PostgresJsDatabase<Schema>, "transaction" | "$client" | "$cache"> & {
  /** Announces something when, and only when, the transaction commits. */
  readonly signal: (channel: SignalChannel, payload?: string) => void;
};

export interface TransactionOptions {
  /** Opens the transaction READ ONLY; its end is not waited for. */
  readOnly?: boolean;
  /** Milliseconds after which the transaction is given up and its connection dropped. 30,000 unless told. */
  deadlineMs?: number;
}

/** Where transactions run: a pool, the role to take on in each (null: the connection's own login is that role), and what to do when one hangs. */
export interface TransactionTarget {
  pool: SlotPool;
  role: string | null;
  prepare: boolean;
  signals: Signals;
  /** Called when a transaction passed its deadline; the embedded engine restarts its thread, which a dropped connection does not stop. */
  onDeadline?: () => void;
}

const dialect = new PgDialect();
const relational = extractTablesRelationalConfig(schema, createTableRelationsHelpers);
const relationalSchema = { fullSchema: schema, schema: relational.tables, tableNamesMap: relational.tableNamesMap };

const current = new AsyncLocalStorage<{ owner: object; lease: Lease }>();

/**
 * Runs `body` in one transaction, opened by `binding` (statements without parameters). Commits when it returns, rolls back when it throws
 * or returns an error. Fails at once when called inside another transaction of the same owner: on a small pool that would wait for itself.
 */
export async function transact<T>(
  owner: object,
  target: TransactionTarget,
  binding: string,
  body: (queries: Queries) => Promise<T>,
  { readOnly = false, deadlineMs = 30_000 }: TransactionOptions,
): Promise<T> {
  const outer = current.getStore();
  if (outer?.owner === owner && outer.lease.isOpen) {
    throw new AppError("INTERNAL", "A transaction is open already: pass it on instead of opening a second one inside it.");
  }
  const acquired = target.pool.acquire();
  const slot = acquired instanceof Promise ? await acquired : acquired;
  const role = target.role === null ? "" : `, set_config('role', '${target.role}', true)`;
  const lease = new Lease(slot, `begin${readOnly ? " read only" : ""}; select ${binding}${role}`, target.prepare);
  const deadline = setTimeout(() => {
    slot.die(new AppError("TIMEOUT", `The transaction took longer than ${deadlineMs} ms and was given up; nothing was changed.`));
    target.onDeadline?.();
  }, deadlineMs);
  const release = () => {
    clearTimeout(deadline);
    target.pool.release(slot);
  };
  const raised = new Map<string, [SignalChannel, string]>();
  const signal = (channel: SignalChannel, payload = "") => raised.set(`${channel} ${payload}`, [channel, payload]);
  let result: T;
  try {
    result = await current.run({ owner, lease }, () => body(Object.assign(queriesOn(lease), { signal })));
    throwReturnedError(result);
    if (target.signals.throughDatabase) {
      for (const [channel, payload] of raised.values())
        await lease.run("select pg_notify($1, $2)", [`mema_${channel}`, payload], "objects");
    }
  } catch (error) {
    try {
      await lease.rollback();
    } catch {
      slot.die(new AppError("UNAVAILABLE", "The transaction could not be rolled back; its connection was dropped."));
    }
    release();
    throw error;
  }
  const committed = lease.commit();
  if (readOnly && lease.pending === 0) {
    committed.catch(() => {}).finally(release);
    return result;
  }
  try {
    await committed;
    if (!target.signals.throughDatabase) for (const [channel, payload] of raised.values()) target.signals.deliver(channel, payload);
  } finally {
    release();
  }
  return result;
}

/** An error that is returned instead of thrown (a `[data, error]` tuple, an Error) must not commit what was half done. */
function throwReturnedError(result: unknown): void {
  if (result instanceof Error) throw result;
  if (Array.isArray(result) && result.length === 2 && result[1] instanceof Error) throw result[1];
}

/** Drizzle on a lease: its session asks the driver's client for `unsafe`, whose answer is awaited as it is or through `values`. */
function queriesOn(lease: Lease): PostgresJsDatabase<Schema> {
  const client = {
    options: {},
    unsafe: (text: string, parameters: unknown[] = []) => ({
      then: (resolve: (rows: unknown) => unknown, reject: (error: unknown) => unknown) =>
        lease.run(text, parameters, "objects").then(resolve, reject),
      values: () => lease.run(text, parameters, "arrays"),
    }),
  };
  const session = new PostgresJsSession(client as unknown as Sql, dialect, relationalSchema);
  return new PostgresJsDatabase<Schema>(dialect, session, relationalSchema as never);
}
