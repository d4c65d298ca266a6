import { notFound, type OccurrenceStatus } from "@mema/shared";
import { and, asc, desc, eq, gt, inArray, isNotNull, or, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, type Page, pageLimit, pageOf, type PageRequest, timeKey } from "./cursor.ts";
import { reminderDeliveries, reminderOccurrences as occurrences } from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";

export type ReminderOccurrence = typeof occurrences.$inferSelect;
export type NewOccurrence = Pick<ReminderOccurrence, "reminderId" | "occurrenceAt" | "status" | "shiftedBySeconds" | "missedBefore">;
/** What an occurrence has instead of what its reminder's rule and text say. */
export type OccurrenceEdit = Pick<ReminderOccurrence, "recurrenceLocal" | "movedToLocal" | "movedToAt" | "title" | "notes">;
export type OccurrenceChanges = Partial<
  Pick<ReminderOccurrence, "status" | "snoozedUntil" | "firedAt" | "acknowledgedAt" | "occurrenceAt" | "shiftedBySeconds"> & OccurrenceEdit
>;

/** When an occurrence is due: where it was moved to, or else where its rule put it. */
export const effectiveAt = ({ movedToAt, occurrenceAt }: Pick<ReminderOccurrence, "movedToAt" | "occurrenceAt">): Date =>
  movedToAt ?? occurrenceAt;

const effective: SQL = sql`coalesce(${occurrences.movedToAt}, ${occurrences.occurrenceAt})`;

/** An occurrence as its rule has it. */
export const unedited: OccurrenceEdit = { recurrenceLocal: null, movedToLocal: null, movedToAt: null, title: null, notes: null };

/** The times at which reminders of the transaction's user came or come due. */
export interface OccurrenceRepository {
  /** Each instant of a reminder exists once: one that was cancelled by an edit revives, any other stays as it is and is not returned. */
  materialise(occurrences: readonly NewOccurrence[]): Promise<ReminderOccurrence[]>;
  findById(id: string): Promise<ReminderOccurrence | null>;
  getById(id: string): Promise<ReminderOccurrence>;
  /** Newest first. */
  list(request: PageRequest & { filters: { reminderId: string } }): Promise<Page<ReminderOccurrence>>;
  /** The one that the rule puts at an instant (its RECURRENCE-ID). */
  findAt(reminderId: string, occurrenceAt: Date): Promise<ReminderOccurrence | null>;
  /** What is decided already of the time after `now`: by the rule or by where it was moved to. The soonest first. */
  ahead(reminderIds: readonly string[], now: Date): Promise<ReminderOccurrence[]>;
  /** Those that were edited alone and are in one of the states. */
  edited(reminderId: string, states: readonly OccurrenceStatus[]): Promise<ReminderOccurrence[]>;
  /** Those that are still to come and of which something was sent already. */
  announced(reminderId: string): Promise<ReminderOccurrence[]>;
  /** Those in one of the states, the latest due first. */
  inStates(reminderId: string, states: readonly OccurrenceStatus[]): Promise<ReminderOccurrence[]>;
  update(ids: readonly string[], changes: OccurrenceChanges): Promise<void>;
}

export function createOccurrenceRepository(tx: UserTransaction): OccurrenceRepository {
  const own = eq(occurrences.userId, tx.userId);
  const findById = async (id: string) => {
    const [row] = await tx
      .select()
      .from(occurrences)
      .where(and(own, eq(occurrences.id, id)));
    return row ?? null;
  };
  return {
    materialise: async (rows) => {
      if (rows.length === 0) return [];
      return tx
        .insert(occurrences)
        .values(rows.map((row) => ({ ...row, userId: tx.userId })))
        .onConflictDoUpdate({
          target: [occurrences.userId, occurrences.reminderId, occurrences.occurrenceAt],
          set: {
            ...unedited,
            firedAt: null,
            acknowledgedAt: null,
            snoozedUntil: null,
            status: sql`excluded.status`,
            missedBefore: sql`excluded.missed_before`,
            shiftedBySeconds: sql`excluded.shifted_by_seconds`,
            updatedAt: sql`now()`,
          },
          setWhere: and(own, eq(occurrences.status, "cancelled")),
        })
        .returning();
    },
    findById,
    getById: async (id) => {
      const row = await findById(id);
      if (row === null) throw notFound("Occurrence");
      return row;
    },
    list: async ({ filters, cursor, limit }) => {
      const size = pageLimit(limit);
      const after = decodeCursor(timeKey, cursor);
      const rows = await tx
        .select()
        .from(occurrences)
        .where(
          and(
            own,
            eq(occurrences.reminderId, filters.reminderId),
            after === null
              ? undefined
              : sql`(${occurrences.occurrenceAt}, ${occurrences.id}) < (${after[0]}::timestamptz, ${after[1]}::uuid)`,
          ),
        )
        .orderBy(desc(occurrences.occurrenceAt), desc(occurrences.id))
        .limit(size + 1);
      return pageOf(rows, size, (row) => [row.occurrenceAt.toISOString(), row.id]);
    },
    findAt: async (reminderId, occurrenceAt) => {
      const [row] = await tx
        .select()
        .from(occurrences)
        .where(and(own, eq(occurrences.reminderId, reminderId), eq(occurrences.occurrenceAt, occurrenceAt)));
      return row ?? null;
    },
    ahead: async (reminderIds, now) => {
      if (reminderIds.length === 0) return [];
      return tx
        .select()
        .from(occurrences)
        .where(
          and(own, isOneOf(occurrences.reminderId, reminderIds), or(gt(occurrences.occurrenceAt, now), gt(occurrences.movedToAt, now))),
        )
        .orderBy(asc(effective), asc(occurrences.id));
    },
    edited: (reminderId, states) =>
      tx
        .select()
        .from(occurrences)
        .where(
          and(
            own,
            eq(occurrences.reminderId, reminderId),
            isNotNull(occurrences.recurrenceLocal),
            inArray(occurrences.status, [...states]),
          ),
        )
        .orderBy(asc(effective), asc(occurrences.id)),
    announced: (reminderId) => {
      const wasSent = sql`exists (select 1 from ${reminderDeliveries} d where d.user_id = ${tx.userId} and d.reminder_id = ${reminderId}
        and d.occurrence_id = ${occurrences.id} and d.status in ('sent', 'delivered'))`;
      return tx
        .select()
        .from(occurrences)
        .where(and(own, eq(occurrences.reminderId, reminderId), eq(occurrences.status, "upcoming"), wasSent))
        .orderBy(desc(effective), asc(occurrences.id));
    },
    inStates: (reminderId, states) =>
      tx
        .select()
        .from(occurrences)
        .where(and(own, eq(occurrences.reminderId, reminderId), inArray(occurrences.status, [...states])))
        .orderBy(desc(effective), asc(occurrences.id)),
    update: async (ids, changes) => {
      if (ids.length === 0) return;
      await tx
        .update(occurrences)
        .set(changes)
        .where(and(own, isOneOf(occurrences.id, ids)));
    },
  };
}
