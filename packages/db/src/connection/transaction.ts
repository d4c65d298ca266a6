import { AppError } from "@mema/shared";
import { asAppError } from "../errors.ts";
import { Lease, openTransaction } from "./lease.ts";
import { type Queries, TransactionQueries } from "./queries.ts";
import type { Replica } from "./replica.ts";
import type { SignalChannel, Signals } from "./signals.ts";
import type { SlotPool } from "./slot-pool.ts";

export type { Queries } from "./queries.ts";

export interface TransactionOptions {
  /** Opens the transaction READ ONLY; its end is not waited for. */
  readOnly?: boolean;
  /**
   * Promises that `body` runs one statement, which is then opened, run and committed in one flight. It is saved even when `body` throws
   * after it; a second statement fails.
   */
  oneStatement?: boolean;
  /**
   * False: its end is not waited for until it is on disk, so that a crash of the database may undo it. For what may be lost without harm,
   * such as a claim, whose row is then free again. On by default.
   */
  durable?: boolean;
  /**
   * Plans statements once for all values instead of anew for each. For compiled statements that look rows up by key: with few rows to a
   * user planning is most of what they cost (2.3 of 3 ms a delivery).
   */
  plannedOnce?: boolean;
  /** Milliseconds after which the transaction is given up and its connection dropped. 30,000 unless told. */
  deadlineMs?: number;
}

/**
 * By which statement a transaction is bound. SET LOCAL needs no plan (measured p50 73 against 105 us for a read) and Citus passes it on to
 * its workers; set_config() is for what stands in between and understands only queries.
 */
export type Binding = "set_local" | "set_config";

/** Where transactions run: a pool, the role to take on in each (null: the connection's own login is that role), and what to do when one hangs. */
export interface TransactionTarget {
  pool: SlotPool;
  role: string | null;
  prepare: boolean;
  binding: Binding;
  /** Where read-only transactions may go instead. */
  replica?: Replica;
  signals: Signals;
  /** Called when a transaction passed its deadline; the embedded engine restarts its thread, which a dropped connection does not stop. */
  onDeadline?: () => void;
}

/**
 * Runs `body` in one transaction bound to `userId` (a UUID, or nothing for no user). Commits when it returns, rolls back when it throws or
 * returns an error. Fails at once inside another transaction: on a small pool it would wait for itself. A read that a replica could not
 * answer runs again where the data is.
 */
export async function transact<T>(
  target: TransactionTarget,
  userId: string,
  body: (queries: Queries) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  if (openTransaction.getStore()?.lease.isOpen) {
    throw new AppError("INTERNAL", "A transaction is open already: pass it on instead of opening a second one inside it.");
  }
  const { replica } = target;
  if (replica === undefined) return transactOn(target, target.pool, userId, body, options);
  if (options.readOnly === true && replica.serves(userId)) {
    try {
      return await transactOn(target, replica.pool, userId, body, options);
    } catch (error) {
      if (asAppError(error).code !== "UNAVAILABLE") throw error;
      replica.noteFailure();
    }
  }
  try {
    return await transactOn(target, target.pool, userId, body, options);
  } finally {
    if (options.readOnly !== true) replica.noteWrite(userId);
  }
}

async function transactOn<T>(
  target: TransactionTarget,
  pool: SlotPool,
  userId: string,
  body: (queries: Queries) => Promise<T>,
  { readOnly = false, oneStatement = false, durable = true, plannedOnce = false, deadlineMs }: TransactionOptions,
): Promise<T> {
  const acquired = pool.acquire();
  const slot = acquired instanceof Promise ? await acquired : acquired;
  const lease = new Lease(slot, {
    opener: opener(target, userId, { readOnly, durable, plannedOnce, deadlineMs }),
    bindTo: (id) => bind(target.binding, [["app.user_id", id]]),
    prepare: target.prepare,
    // Where the connection's login is not the role itself, nothing may ever run behind the transaction's end.
    oneStatement: oneStatement && target.role === null,
  });
  const limit = deadlineMs ?? 30_000;
  const deadline = setTimeout(() => {
    target.onDeadline?.();
    slot.die(new AppError("TIMEOUT", `The transaction took longer than ${limit} ms and was given up; nothing was changed.`));
  }, limit);
  const raised = new Map<string, [channel: SignalChannel, payload: string]>();
  const signal = (channel: SignalChannel, payload = "") => {
    if (oneStatement) throw new AppError("INTERNAL", "A transaction of one statement cannot announce anything.");
    raised.set(`${channel} ${payload}`, [channel, payload]);
  };
  try {
    const queries = new TransactionQueries(slot.driver, lease, signal);
    const result = await Promise.race([openTransaction.run({ lease, depth: 0 }, () => body(queries)), lease.died]);
    throwReturnedError(result);
    const signals = [...raised.values()];
    if (readOnly && signals.length === 0) {
      lease.endReading();
      return result;
    }
    const { throughDatabase } = target.signals;
    await lease.commit(throughDatabase && signals.length > 0 ? [[notify, [JSON.stringify(signals)]]] : []);
    if (!throughDatabase) for (const [channel, payload] of signals) target.signals.deliver(channel, payload);
    return result;
  } catch (error) {
    await lease.rollback();
    throw lease.lost ?? error;
  } finally {
    clearTimeout(deadline);
    pool.release(slot);
  }
}

/** Runs `body` so that its failure undoes only what it did. A returned error is a failure too. */
export async function nest<T>(queries: object, body: () => Promise<T>): Promise<T> {
  return TransactionQueries.leaseOf(queries).savepoint(async () => {
    const result = await body();
    throwReturnedError(result);
    return result;
  });
}

const notify = "select pg_notify('mema_' || (signal ->> 0), signal ->> 1) from jsonb_array_elements($1::jsonb) as signal";

/**
 * All values are ours and checked: the id is a UUID, the role a constant. A deadline is the server's limit too: it does not notice a
 * dropped connection while a statement runs. Without one the role's own limit holds.
 */
function opener(
  { role, binding }: TransactionTarget,
  userId: string,
  {
    readOnly,
    durable,
    plannedOnce,
    deadlineMs,
  }: Required<Pick<TransactionOptions, "readOnly" | "durable" | "plannedOnce">> & {
    deadlineMs: number | undefined;
  },
): string {
  const settings: [name: string, value: string][] = [["app.user_id", userId]];
  if (role !== null) settings.push(["role", role]);
  if (!durable) settings.push(["synchronous_commit", "off"]);
  if (plannedOnce) settings.push(["plan_cache_mode", "force_generic_plan"]);
  if (deadlineMs !== undefined) settings.push(["statement_timeout", `${Math.ceil(deadlineMs)}`]);
  return `begin${readOnly ? " read only" : ""}; ${bind(binding, settings)}`;
}

const bind = (binding: Binding, settings: [name: string, value: string][]): string =>
  binding === "set_config"
    ? `select ${settings.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(", ")}`
    : settings.map(([name, value]) => `set local ${name} = '${value}'`).join("; ");

/** An error that is returned instead of thrown (a `[data, error]` tuple, an Error) must not commit what was half done. */
export function throwReturnedError(result: unknown): void {
  if (result instanceof Error) throw result;
  if (Array.isArray(result) && result.length === 2 && result[1] instanceof Error) throw result[1];
}
