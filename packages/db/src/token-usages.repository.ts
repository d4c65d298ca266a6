import { AppError, badInput } from "@mema/shared";
import { and, asc, eq, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import type { TokenBudget, TokenUsageRepository } from "./interfaces.ts";
import { tokenUsages } from "./schema/index.ts";

const monthOf = (at: Date): string => `${at.toISOString().slice(0, 7)}-01`;

/** The tokens that the transaction's user spends, by month (UTC). */
export function createTokenUsageRepository(tx: UserTransaction): TokenUsageRepository {
  const own = eq(tokenUsages.userId, tx.userId);
  const key = { target: [tokenUsages.userId, tokenUsages.periodStart, tokenUsages.kind, tokenUsages.model], setWhere: own };
  const row = ({ at, kind, model }: TokenBudget) => ({ userId: tx.userId, periodStart: monthOf(at), kind, model });

  return {
    async check({ at, kind, model }) {
      const [usage] = await tx
        .select({ used: tokenUsages.tokensUsed, quota: tokenUsages.quotaLimit })
        .from(tokenUsages)
        .where(and(own, eq(tokenUsages.periodStart, monthOf(at)), eq(tokenUsages.kind, kind), eq(tokenUsages.model, model)));
      const { used, quota } = usage ?? { used: 0, quota: null };
      return { allowed: quota === null || used < quota, used, remaining: quota === null ? null : Math.max(0, quota - used) };
    },

    async meter(budget, tokens) {
      if (!Number.isSafeInteger(tokens) || tokens < 0) throw badInput("tokens", "must be a whole number, 0 or more", 0);
      const [usage] = await tx
        .insert(tokenUsages)
        .values({ ...row(budget), tokensUsed: tokens })
        .onConflictDoUpdate({ ...key, set: { tokensUsed: sql`${tokenUsages.tokensUsed} + ${tokens}`, updatedAt: sql`now()` } })
        .returning();
      if (usage === undefined) throw new AppError("INTERNAL", "Nothing was counted.");
      return usage;
    },

    async setQuota(budget, quotaLimit) {
      const [usage] = await tx
        .insert(tokenUsages)
        .values({ ...row(budget), quotaLimit })
        .onConflictDoUpdate({ ...key, set: { quotaLimit, updatedAt: sql`now()` } })
        .returning();
      if (usage === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return usage;
    },

    listMonth: (at) =>
      tx
        .select()
        .from(tokenUsages)
        .where(and(own, eq(tokenUsages.periodStart, monthOf(at))))
        .orderBy(asc(tokenUsages.kind), asc(tokenUsages.model)),
  };
}
