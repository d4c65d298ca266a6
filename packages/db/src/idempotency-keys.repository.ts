import { AppError } from "@mema/shared";
import { and, eq, lte, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import type { IdempotencyKeyRepository } from "./interfaces.ts";
import { newId } from "./schema/base.ts";
import { idempotencyKeys } from "./schema/index.ts";

/** The idempotency keys of the transaction's user. */
export function createIdempotencyKeyRepository(tx: UserTransaction): IdempotencyKeyRepository {
  const own = eq(idempotencyKeys.userId, tx.userId);
  const byKey = (key: string) => and(own, eq(idempotencyKeys.key, key));
  return {
    async begin({ key, procedure, requestFingerprint, ttlSeconds }) {
      const expiresAt = sql`clock_timestamp() + make_interval(secs => ${ttlSeconds})`;
      const id = newId();
      const taken = await tx
        .insert(idempotencyKeys)
        .values({ id, userId: tx.userId, key, procedure, requestFingerprint, expiresAt })
        .onConflictDoUpdate({
          target: [idempotencyKeys.userId, idempotencyKeys.key],
          set: { id, procedure, requestFingerprint, expiresAt, response: null, createdAt: sql`now()` },
          setWhere: and(own, lte(idempotencyKeys.expiresAt, sql`clock_timestamp()`)),
        })
        .returning({ id: idempotencyKeys.id });
      if (taken.length > 0) return { kind: "first" };
      const [earlier] = await tx.select().from(idempotencyKeys).where(byKey(key));
      if (earlier === undefined) throw new AppError("CONFLICT", "The idempotency key expired in this moment. Try again.");
      if (earlier.procedure !== procedure || earlier.requestFingerprint !== requestFingerprint) {
        throw new AppError("CONFLICT", "This idempotency key was used for another request: use a new key for each request.");
      }
      return { kind: "replay", response: earlier.response };
    },

    async complete(key, response) {
      await tx.update(idempotencyKeys).set({ response }).where(byKey(key));
    },

    async deleteExpired() {
      const gone = await tx
        .delete(idempotencyKeys)
        .where(and(own, lte(idempotencyKeys.expiresAt, sql`clock_timestamp()`)))
        .returning({ id: idempotencyKeys.id });
      return gone.length;
    },
  };
}
