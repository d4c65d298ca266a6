import { asAppError, type Db, sqlState, type UserTransaction, withUser, withUsers } from "@mema/db";
import type { Log } from "../context.ts";
import { placeOf } from "../errors.ts";

/**
 * Does with each user's share of a batch what `body` says: all of them in one transaction, and when that fails each in a transaction of
 * its own, so that what is wrong with one user's data keeps no other's. What fails alone too is logged and missing in the result. Throws
 * UNAVAILABLE and TIMEOUT: then it is nobody's data.
 */
export async function forEachUser<Item extends { userId: string }, T>(
  { db, log }: { db: Db; log: Log },
  items: readonly Item[],
  body: (tx: UserTransaction, own: readonly Item[]) => Promise<T[]>,
): Promise<T[]> {
  const users = Map.groupBy(items, ({ userId }) => userId.toLowerCase());
  try {
    const together = await withUsers(db, [...users.keys()], (tx) => body(tx, users.get(tx.userId) ?? []));
    return together.flat();
  } catch (error) {
    throwOutage(error);
  }
  const alone = [...users].map(async ([userId, own]) => {
    try {
      return await withUser(db, userId, (tx) => body(tx, own));
    } catch (error) {
      throwOutage(error);
      const cause = error instanceof Error ? error : new Error(String(error));
      log.error(
        { error: cause.name, sqlState: sqlState(cause), place: placeOf(cause), deliveries: own.length },
        "a user's deliveries failed",
      );
      return [];
    }
  });
  return (await Promise.all(alone)).flat();
}

function throwOutage(error: unknown): void {
  const { code } = asAppError(error);
  if (code === "UNAVAILABLE" || code === "TIMEOUT") throw error;
}
