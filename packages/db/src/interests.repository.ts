import { AppError, notFound } from "@mema/shared";
import { and, count, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import type { InterestRepository } from "./interfaces.ts";
import { interestCandidates, interestScans, messages } from "./schema/index.ts";

const promotedAfter = 3;

/** What the transaction's user keeps coming back to. */
export function createInterestRepository(tx: UserTransaction): InterestRepository {
  const own = eq(interestCandidates.userId, tx.userId);

  async function cursor(): Promise<string | null> {
    const [row] = await tx
      .select({ at: interestScans.lastHandledMessageId })
      .from(interestScans)
      .where(eq(interestScans.userId, tx.userId));
    return row?.at ?? null;
  }

  return {
    cursor,

    async countUnscanned() {
      const after = await cursor();
      const [row] = await tx
        .select({ count: count() })
        .from(messages)
        .where(and(eq(messages.userId, tx.userId), eq(messages.role, "user"), after === null ? undefined : gt(messages.id, after)));
      return row?.count ?? 0;
    },

    async advance(from, to) {
      const moved = await tx
        .insert(interestScans)
        .values({ userId: tx.userId, lastHandledMessageId: to })
        .onConflictDoUpdate({
          target: interestScans.userId,
          set: { lastHandledMessageId: to },
          setWhere: and(
            eq(interestScans.userId, tx.userId),
            from === null ? sql`${interestScans.lastHandledMessageId} is null` : eq(interestScans.lastHandledMessageId, from),
          ),
        })
        .returning({ at: interestScans.lastHandledMessageId });
      if (moved.length === 0) throw new AppError("CONFLICT", "Another scan moved the cursor meanwhile: its messages are handled.");
    },

    async mention(topic, at) {
      const seen = at.toISOString();
      const promotes = sql`${interestCandidates.status} = 'tracking' and ${interestCandidates.mentionCount} + 1 >= ${promotedAfter}`;
      const [added] = await tx
        .insert(interestCandidates)
        .values({ userId: tx.userId, topic, firstSeenAt: at, lastSeenAt: at })
        .onConflictDoNothing()
        .returning();
      if (added !== undefined) return added;
      const [counted] = await tx
        .update(interestCandidates)
        .set({
          mentionCount: sql`${interestCandidates.mentionCount} + 1`,
          firstSeenAt: sql`least(${interestCandidates.firstSeenAt}, ${seen}::timestamptz)`,
          lastSeenAt: sql`greatest(${interestCandidates.lastSeenAt}, ${seen}::timestamptz)`,
          status: sql`case when ${promotes} then 'promoted' else ${interestCandidates.status} end`,
          promotedAt: sql`case when ${promotes} then ${seen}::timestamptz else ${interestCandidates.promotedAt} end`,
        })
        .where(and(own, sql`lower(${interestCandidates.topic}) = lower(${topic})`))
        .returning();
      if (counted === undefined) throw new AppError("CONFLICT", "The interest was removed in this moment. Try again.");
      return counted;
    },

    async list({ status, ...page } = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(idKey, page.cursor);
      const rows = await tx
        .select()
        .from(interestCandidates)
        .where(
          and(
            own,
            status === undefined ? undefined : eq(interestCandidates.status, status),
            after === null ? undefined : lt(interestCandidates.id, after[0]),
          ),
        )
        .orderBy(desc(interestCandidates.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },

    async answer(id, answer) {
      const [row] = await tx
        .update(interestCandidates)
        .set({ status: answer })
        .where(and(own, eq(interestCandidates.id, id), inArray(interestCandidates.status, ["tracking", "promoted"])))
        .returning();
      if (row !== undefined) return row;
      const [there] = await tx
        .select({ status: interestCandidates.status })
        .from(interestCandidates)
        .where(and(own, eq(interestCandidates.id, id)));
      if (there === undefined) throw notFound("Interest");
      throw new AppError("CONFLICT", `This interest was ${there.status} before.`);
    },
  };
}
