import type { ReminderAction } from "@mema/shared";
import { and, desc, eq, isNotNull, lt } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";
import { reminderChanges as changes } from "./schema/index.ts";

export type ReminderChange = typeof changes.$inferSelect;

export interface NewReminderChange {
  reminderId: string;
  occurrenceId: string | null;
  action: ReminderAction;
  /** The reminder's version after it. */
  reminderVersion: number;
  changedAt: Date;
  /** What it replaced; null: it cannot be undone. */
  before: Record<string, unknown> | null;
}

/** What was done with the reminders of the transaction's user. */
export interface ReminderChangeRepository {
  /** Only the last change of a reminder can be undone: what older ones replaced is dropped. */
  record(change: NewReminderChange): Promise<void>;
  findLast(reminderId: string): Promise<ReminderChange | null>;
  /** Newest first. */
  list(request: PageRequest & { filters: { reminderId: string } }): Promise<Page<ReminderChange>>;
  markUndone(id: string, undoneAt: Date): Promise<void>;
}

export function createReminderChangeRepository(tx: UserTransaction): ReminderChangeRepository {
  const own = eq(changes.userId, tx.userId);
  return {
    record: async (change) => {
      await tx
        .update(changes)
        .set({ before: null })
        .where(and(own, eq(changes.reminderId, change.reminderId), isNotNull(changes.before)));
      await tx.insert(changes).values({ ...change, userId: tx.userId });
    },
    findLast: async (reminderId) => {
      const [row] = await tx
        .select()
        .from(changes)
        .where(and(own, eq(changes.reminderId, reminderId)))
        .orderBy(desc(changes.id))
        .limit(1);
      return row ?? null;
    },
    list: async ({ filters, cursor, limit }) => {
      const size = pageLimit(limit);
      const after = decodeCursor(idKey, cursor);
      const rows = await tx
        .select()
        .from(changes)
        .where(and(own, eq(changes.reminderId, filters.reminderId), after === null ? undefined : lt(changes.id, after[0])))
        .orderBy(desc(changes.id))
        .limit(size + 1);
      return pageOf(rows, size, (row) => [row.id]);
    },
    markUndone: async (id, undoneAt) => {
      await tx
        .update(changes)
        .set({ undoneAt, before: null })
        .where(and(own, eq(changes.id, id)));
    },
  };
}
