import { AppError, notFound, type ReminderStatus } from "@mema/shared";
import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest, timeKey } from "./cursor.ts";
import { forgetMentions } from "./deletion.ts";
import { sqlState } from "./errors.ts";
import { reminderAlerts, reminderOccurrences, reminders } from "./schema/index.ts";
import { isOneOf, staleOrMissing } from "./sql-fragments.ts";

export type Reminder = typeof reminders.$inferSelect;
export type ReminderAlert = Pick<typeof reminderAlerts.$inferSelect, "reminderId" | "ordinal" | "offsetSeconds" | "channelIds">;
type Own<T> = Omit<T, "userId" | "createdAt" | "updatedAt" | "version">;
export type NewReminder = Own<typeof reminders.$inferInsert>;
export type ReminderChanges = Partial<Omit<NewReminder, "id">>;
/** What the passing of time changes; it does not count as an edit. */
export type ReminderProgress = Partial<
  Pick<Reminder, "status" | "statusReason" | "nextOccurrenceAt" | "expandFromAt" | "nextWakeAt" | "firedCount" | "tzdataVersion">
>;

export interface ReminderFilters {
  /** due: fired or due and not answered yet; upcoming: with a next occurrence; missed: with an occurrence that was missed. */
  view?: "due" | "upcoming" | "missed" | undefined;
  status?: ReminderStatus | undefined;
  entityId?: string | undefined;
  factId?: string | undefined;
}

/** The reminders of the transaction's user. */
export interface ReminderRepository {
  /** Null when an active or paused reminder has the same dedupe key: `findByDedupeKey` has it. */
  create(reminder: NewReminder, alerts: readonly Omit<ReminderAlert, "reminderId">[]): Promise<Reminder | null>;
  findById(id: string): Promise<Reminder | null>;
  getById(id: string): Promise<Reminder>;
  findMany(ids: readonly string[]): Promise<Reminder[]>;
  /** The row, locked until the transaction ends: edits, expansion and the begin of a send take their turn. Throws NOT_FOUND. */
  lock(id: string): Promise<Reminder>;
  /** Several of them, in the order of ids. */
  lockAll(ids: readonly string[]): Promise<Reminder[]>;
  /** Locks those of `ids` that are active and due to be looked at, and that nobody else holds. */
  lockDue(ids: readonly string[], now: Date): Promise<Reminder[]>;
  findByDedupeKey(key: string): Promise<Reminder | null>;
  /** Those that a message asked for, in the order they were made. */
  listBySourceMessage(messageId: string): Promise<Reminder[]>;
  /** Active and paused reminders that hang on the fact. */
  anchoredTo(factId: string): Promise<Reminder[]>;
  /** Active and paused reminders that follow the user's zone. */
  floating(): Promise<Reminder[]>;
  /** Active and paused ones whose instants another tz database than `tzdata` gave, locked, at most `limit`. */
  ofOtherTzdata(tzdata: string, limit: number): Promise<Reminder[]>;
  /** Notes which tz database their instants are from. */
  stampTzdata(ids: readonly string[], tzdata: string): Promise<void>;
  /** upcoming: the soonest first; otherwise the newest first. */
  list(request: PageRequest & { filters?: ReminderFilters | undefined }): Promise<Page<Reminder>>;
  /** Throws CONFLICT when `version` is not the current one, or when another one that is active or paused has its dedupe key. */
  update(id: string, version: number, changes: ReminderChanges): Promise<Reminder>;
  /** Moves one reminder, or several by the same step, on. */
  advance(ids: string | readonly string[], progress: ReminderProgress): Promise<void>;
  delete(id: string): Promise<void>;
  alerts(reminderIds: readonly string[]): Promise<ReminderAlert[]>;
  replaceAlerts(reminderId: string, alerts: readonly Omit<ReminderAlert, "reminderId">[]): Promise<void>;
}

const live: ReminderStatus[] = ["active", "paused"];

export function createReminderRepository(tx: UserTransaction): ReminderRepository {
  const own = eq(reminders.userId, tx.userId);
  const findById = async (id: string) => {
    const [row] = await tx
      .select()
      .from(reminders)
      .where(and(own, eq(reminders.id, id)));
    return row ?? null;
  };
  const insertAlerts = async (reminderId: string, alerts: readonly Omit<ReminderAlert, "reminderId">[]) => {
    if (alerts.length > 0) await tx.insert(reminderAlerts).values(alerts.map((alert) => ({ ...alert, userId: tx.userId, reminderId })));
  };
  return {
    create: async (reminder, alerts) => {
      const [row] = await tx
        .insert(reminders)
        .values({ ...reminder, userId: tx.userId })
        .onConflictDoNothing({ target: [reminders.userId, reminders.dedupeKey], where: sql`status in ('active', 'paused')` })
        .returning();
      if (row === undefined) return null;
      await insertAlerts(row.id, alerts);
      return row;
    },
    findById,
    getById: async (id) => {
      const row = await findById(id);
      if (row === null) throw notFound("Reminder");
      return row;
    },
    findMany: (ids) =>
      tx
        .select()
        .from(reminders)
        .where(and(own, isOneOf(reminders.id, ids))),
    lock: async (id) => {
      const [row] = await tx
        .select()
        .from(reminders)
        .where(and(own, eq(reminders.id, id)))
        .for("update");
      if (row === undefined) throw notFound("Reminder");
      return row;
    },
    lockAll: (ids) =>
      tx
        .select()
        .from(reminders)
        .where(and(own, isOneOf(reminders.id, ids)))
        .orderBy(asc(reminders.id))
        .for("update"),
    lockDue: (ids, now) =>
      tx
        .select()
        .from(reminders)
        .where(
          and(
            own,
            isOneOf(reminders.id, ids),
            eq(reminders.status, "active"),
            sql`${reminders.nextWakeAt} <= ${now.toISOString()}::timestamptz`,
          ),
        )
        .orderBy(asc(reminders.id))
        .for("update", { skipLocked: true }),
    findByDedupeKey: async (key) => {
      const [row] = await tx
        .select()
        .from(reminders)
        .where(and(own, eq(reminders.dedupeKey, key), inArray(reminders.status, live)));
      return row ?? null;
    },
    listBySourceMessage: (messageId) =>
      tx
        .select()
        .from(reminders)
        .where(and(own, eq(reminders.sourceMessageId, messageId)))
        .orderBy(asc(reminders.id)),
    anchoredTo: (factId) =>
      tx
        .select()
        .from(reminders)
        .where(and(own, eq(reminders.anchorFactId, factId), inArray(reminders.status, live)))
        .orderBy(asc(reminders.id))
        .for("update"),
    ofOtherTzdata: (tzdata, limit) =>
      tx
        .select()
        .from(reminders)
        .where(and(own, inArray(reminders.status, live), sql`${reminders.tzdataVersion} is distinct from ${tzdata}`))
        .orderBy(asc(reminders.id))
        .limit(limit)
        .for("update"),
    stampTzdata: async (ids, tzdata) => {
      await tx
        .update(reminders)
        .set({ tzdataVersion: tzdata })
        .where(and(own, isOneOf(reminders.id, ids)));
    },
    floating: () =>
      tx
        .select()
        .from(reminders)
        .where(and(own, isNull(reminders.tz), inArray(reminders.status, live)))
        .orderBy(asc(reminders.id))
        .for("update"),
    list: async ({ filters = {}, cursor, limit }) => {
      const size = pageLimit(limit);
      const conditions = [own, ...filterConditions(tx, filters)];
      if (filters.view === "upcoming") {
        const after = decodeCursor(timeKey, cursor);
        const rows = await tx
          .select()
          .from(reminders)
          .where(
            and(
              ...conditions,
              after === null
                ? undefined
                : sql`(${reminders.nextOccurrenceAt}, ${reminders.id}) > (${after[0]}::timestamptz, ${after[1]}::uuid)`,
            ),
          )
          .orderBy(asc(reminders.nextOccurrenceAt), asc(reminders.id))
          .limit(size + 1);
        return pageOf(rows, size, (row) => [(row.nextOccurrenceAt ?? row.createdAt).toISOString(), row.id]);
      }
      const after = decodeCursor(idKey, cursor);
      const rows = await tx
        .select()
        .from(reminders)
        .where(and(...conditions, after === null ? undefined : lt(reminders.id, after[0])))
        .orderBy(desc(reminders.id))
        .limit(size + 1);
      return pageOf(rows, size, (row) => [row.id]);
    },
    update: async (id, version, changes) => {
      const [row] = await tx
        .update(reminders)
        .set({ ...changes, version: version + 1 })
        .where(and(own, eq(reminders.id, id), eq(reminders.version, version)))
        .returning()
        .catch(sayWhoseKey);
      if (row === undefined) throw staleOrMissing("Reminder", version, await findById(id));
      return row;
    },
    advance: async (ids, progress) => {
      // What was moved alone may come sooner than the rule's next one, and after its last.
      const { nextOccurrenceAt: next } = progress;
      const moved = sql`(select min(o.moved_to_at) from ${reminderOccurrences} o
        where o.user_id = ${tx.userId} and o.reminder_id = reminders.id and o.moved_to_at is not null and o.status = 'upcoming')`;
      const sooner = sql`least(${next?.toISOString() ?? null}::timestamptz, ${moved})`;
      await tx
        .update(reminders)
        .set({ ...progress, ...(next === undefined ? {} : { nextOccurrenceAt: sooner }) })
        .where(and(own, isOneOf(reminders.id, typeof ids === "string" ? [ids] : ids)))
        .catch(sayWhoseKey);
    },
    delete: async (id) => {
      const rows = await tx
        .delete(reminders)
        .where(and(own, eq(reminders.id, id)))
        .returning({ id: reminders.id });
      if (rows.length === 0) throw notFound("Reminder");
      await forgetMentions(tx, [id]);
    },
    alerts: (reminderIds) =>
      tx
        .select({
          reminderId: reminderAlerts.reminderId,
          ordinal: reminderAlerts.ordinal,
          offsetSeconds: reminderAlerts.offsetSeconds,
          channelIds: reminderAlerts.channelIds,
        })
        .from(reminderAlerts)
        .where(and(eq(reminderAlerts.userId, tx.userId), isOneOf(reminderAlerts.reminderId, reminderIds)))
        .orderBy(asc(reminderAlerts.reminderId), asc(reminderAlerts.ordinal)),
    replaceAlerts: async (reminderId, alerts) => {
      await tx.delete(reminderAlerts).where(and(eq(reminderAlerts.userId, tx.userId), eq(reminderAlerts.reminderId, reminderId)));
      await insertAlerts(reminderId, alerts);
    },
  };
}

/** The only unique constraint that a change can meet. */
function sayWhoseKey(error: unknown): never {
  if (sqlState(error) !== "23505") throw error;
  throw new AppError("CONFLICT", "Another active or paused reminder has its dedupeKey by now: change or end that one.", { cause: error });
}

function filterConditions(tx: UserTransaction, { view, status, entityId, factId }: ReminderFilters): SQL[] {
  const conditions: (SQL | undefined)[] = [
    status === undefined ? undefined : eq(reminders.status, status),
    entityId === undefined ? undefined : eq(reminders.entityId, entityId),
    factId === undefined ? undefined : or(eq(reminders.factId, factId), eq(reminders.anchorFactId, factId)),
    view === "upcoming" ? and(isNotNull(reminders.nextOccurrenceAt), eq(reminders.status, "active")) : undefined,
    view === "due"
      ? hasOccurrence(
          tx,
          sql`(o.status in ('due', 'fired')
      or o.status = 'upcoming' and coalesce(o.moved_to_at, o.occurrence_at) <= clock_timestamp())`,
        )
      : undefined,
    view === "missed" ? hasOccurrence(tx, sql`o.status = 'missed'`) : undefined,
  ];
  return conditions.filter((condition) => condition !== undefined);
}

const hasOccurrence = (tx: UserTransaction, condition: SQL): SQL =>
  sql`exists (select 1 from ${reminderOccurrences} o where o.user_id = ${tx.userId} and o.reminder_id = ${reminders.id} and ${condition})`;
