import type { Db } from "../../connection/client.ts";
import { connectionProperties } from "./connections.ts";
import { linkingProperties } from "./linking.ts";
import { type ProofResult, type Property, Record } from "./property.ts";
import { readingProperties } from "./reading.ts";
import { rightsProperties } from "./rights.ts";
import { searchProperties } from "./search.ts";
import { Stage } from "./stage.ts";
import { writingProperties } from "./writing.ts";

export type { ProofResult } from "./property.ts";

const order = (property: Property) => Number(property.id.slice(1));

/** Every property that is proven from the database's side, in the order of their numbers. */
export const properties: readonly Property[] = [
  ...readingProperties,
  ...writingProperties,
  ...linkingProperties,
  ...connectionProperties,
  ...rightsProperties,
  ...searchProperties,
].toSorted((a, b) => order(a) - order(b));

/**
 * Tries on a running database what must not be possible: two throwaway users get a row in every tenant table, and one tries everything to
 * reach the other's. Names only their ids, changes nothing that stays, and removes both at the end; what a run that was ended in the middle
 * left goes at the start of the next one. `only` names the properties to try; all unless told. One run at a time. Needs a pool of at least three connections on PostgreSQL.
 */
export async function proveIsolation(db: Db, only?: readonly string[]): Promise<ProofResult[]> {
  return alone(db, async () => {
    const stage = await Stage.build(db);
    try {
      const results: ProofResult[] = [];
      for (const property of properties.filter(({ id }) => only?.includes(id) ?? true)) {
        const record = new Record();
        try {
          await property.prove(stage, record);
        } catch (error) {
          record.tried("the attempt itself", `could not be made: ${error instanceof Error ? error.message : String(error)}`);
        }
        results.push(record.result(property));
      }
      return results;
    } finally {
      await stage.strike();
    }
  });
}

/** The throwaway users' ids are fixed: two runs at once would take each other's rows for a leak. */
export async function alone<T>(db: Db, body: () => Promise<T>): Promise<T> {
  // The embedded folder's lock lets one process in.
  if (db.engine === "embedded") return body();
  const slot = await db.app.pool.acquire();
  try {
    await slot.driver.unsafe("begin; set local idle_in_transaction_session_timeout = '10min'");
    const [lock] = await slot.driver.unsafe("select pg_try_advisory_xact_lock(hashtext('mema isolation proof')) as free");
    if (lock?.["free"] !== true) throw new Error("Another isolation proof is running on this database: wait for it to end.");
    return await body();
  } finally {
    if (!slot.dead) await slot.driver.unsafe("rollback");
    db.app.pool.release(slot);
  }
}
