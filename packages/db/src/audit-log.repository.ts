import { AppError } from "@mema/shared";
import { and, desc, eq, lt } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import type { AuditLogRepository } from "./interfaces.ts";
import { auditLog } from "./schema/index.ts";

/** What was done in the transaction's user's memory, and by whom. Entries are never changed. */
export function createAuditLogRepository(tx: UserTransaction): AuditLogRepository {
  return {
    async append(entry) {
      const [row] = await tx
        .insert(auditLog)
        .values({ ...entry, userId: tx.userId })
        .returning();
      if (row === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return row;
    },

    async list({ action, resource, ...page } = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(idKey, page.cursor);
      const rows = await tx
        .select()
        .from(auditLog)
        .where(
          and(
            eq(auditLog.userId, tx.userId),
            action === undefined ? undefined : eq(auditLog.action, action),
            resource === undefined ? undefined : eq(auditLog.resource, resource),
            after === null ? undefined : lt(auditLog.id, after[0]),
          ),
        )
        .orderBy(desc(auditLog.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },
  };
}
