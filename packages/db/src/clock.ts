import { type SQL, sql, type SQLWrapper } from "drizzle-orm";
import type { Queries } from "./connection/transaction.ts";

/** What time it is, as an SQL expression: only the database's clock decides what is due. */
export interface DbClock extends SQLWrapper {
  /** Where a clock that stands does, which is null for one that goes. */
  readonly at: Date | null;
}

/** The clock of production. Unlike now(), it goes on inside a transaction. */
export const databaseClock: DbClock = { at: null, getSQL: () => sql`clock_timestamp()` };

/** A clock that stands at `at`: a bound parameter, never a setting that a session could change. */
export const clockAt = (at: Date): DbClock => ({ at, getSQL: () => instantParameter(at) });

/** A compiled statement's clock: the parameter `at` is a `DbClock`'s. */
export const compiledClock: SQL = sql`coalesce(${sql.placeholder("at")}::timestamptz, clock_timestamp())::timestamptz(3)`;

/** Reads the clock, to the millisecond. */
export async function readClock(tx: Pick<Queries, "execute">, clock: DbClock): Promise<Date> {
  const [row] = await tx.execute<{ now: string }>(sql`select ${clock}::timestamptz(3) as now`);
  if (row === undefined) throw new Error("the database did not tell the time");
  return new Date(row.now);
}

/** An instant as a statement's parameter. */
export const instantParameter = (at: Date): SQL => sql`${at.toISOString()}::timestamptz`;
