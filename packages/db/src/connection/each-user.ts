import { badInput } from "@mema/shared";
import { isUuid, type UserTransaction } from "./access.ts";
import type { Db } from "./client.ts";
import { TransactionQueries } from "./queries.ts";
import { throwReturnedError, transact } from "./transaction.ts";

const nobody = "";

/**
 * Runs `body` for each of several users in ONE transaction, for what a worker does in batches over users. All bodies run at the same time,
 * so that their statements share the round trips, in the order of user ids; each body gets a transaction of its own user: whichever user
 * the connection was bound to before, the binding goes out in front of every statement that needs another. Commits when all have returned;
 * when one throws, nothing is saved for anybody. Savepoints are refused: rolling one back would bring back an earlier binding.
 * Throws BAD_REQUEST when an id is no UUID, otherwise like `withUser`.
 */
export async function withUsers<T>(db: Db, userIds: readonly string[], body: (tx: UserTransaction) => Promise<T>): Promise<T[]> {
  if (!userIds.every(isUuid)) throw badInput("userId", "must be a UUID");
  const ids = [...new Set(userIds.map((id) => id.toLowerCase()))].toSorted();
  if (ids.length === 0) return [];
  return transact(
    db.app,
    nobody,
    (queries) => {
      const ofUser = async (userId: string): Promise<T> => {
        const result = await body(Object.assign(TransactionQueries.boundTo(queries, userId), { userId }) as UserTransaction);
        throwReturnedError(result);
        return result;
      };
      return Promise.all(ids.map(ofUser));
    },
    { plannedOnce: true },
  );
}
