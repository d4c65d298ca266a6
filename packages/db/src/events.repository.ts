import { AppError, badInput } from "@mema/shared";
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import type { EventRepository } from "./interfaces.ts";
import { eventHeads, events } from "./schema/index.ts";

const longestRead = 500;

/** The events of the transaction's user. */
export function createEventRepository(tx: UserTransaction): EventRepository {
  return {
    async append(added) {
      if (added.length === 0) return [];
      const [head] = await tx
        .insert(eventHeads)
        .values({ userId: tx.userId, lastSeq: added.length })
        .onConflictDoUpdate({
          target: eventHeads.userId,
          set: { lastSeq: sql`${eventHeads.lastSeq} + ${added.length}` },
          setWhere: eq(eventHeads.userId, tx.userId),
        })
        .returning({ lastSeq: eventHeads.lastSeq });
      if (head === undefined) throw new AppError("INTERNAL", "The event could not be numbered.");
      const first = head.lastSeq - added.length + 1;
      return tx
        .insert(events)
        .values(added.map((event, at) => ({ ...event, userId: tx.userId, seq: first + at })))
        .returning();
    },

    async listAfter(seq, limit = longestRead) {
      if (!Number.isInteger(limit) || limit < 1 || limit > longestRead) {
        throw badInput("limit", `must be a whole number from 1 to ${longestRead}`, longestRead);
      }
      return tx
        .select()
        .from(events)
        .where(and(eq(events.userId, tx.userId), gt(events.seq, seq)))
        .orderBy(asc(events.seq))
        .limit(limit);
    },

    async lastSeq() {
      const [head] = await tx.select({ lastSeq: eventHeads.lastSeq }).from(eventHeads).where(eq(eventHeads.userId, tx.userId));
      return head?.lastSeq ?? 0;
    },
  };
}
