import { AppError } from "@mema/shared";
import { and, desc, eq, lt } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import type { EvaluationRepository } from "./interfaces.ts";
import { evaluations } from "./schema/index.ts";

/** Judgements on what was understood of, or used for, the transaction's user. */
export function createEvaluationRepository(tx: UserTransaction): EvaluationRepository {
  return {
    async create(input) {
      const [row] = await tx
        .insert(evaluations)
        .values({ ...input, userId: tx.userId })
        .returning();
      if (row === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return row;
    },

    async list({ messageId, factId, evalType, verdict, ...page } = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(idKey, page.cursor);
      const rows = await tx
        .select()
        .from(evaluations)
        .where(
          and(
            eq(evaluations.userId, tx.userId),
            messageId === undefined ? undefined : eq(evaluations.messageId, messageId),
            factId === undefined ? undefined : eq(evaluations.factId, factId),
            evalType === undefined ? undefined : eq(evaluations.evalType, evalType),
            verdict === undefined ? undefined : eq(evaluations.verdict, verdict),
            after === null ? undefined : lt(evaluations.id, after[0]),
          ),
        )
        .orderBy(desc(evaluations.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },
  };
}
