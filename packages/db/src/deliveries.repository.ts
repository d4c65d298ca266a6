import { type DeliveryStatus, notFound } from "@mema/shared";
import { and, asc, count, desc, eq, gte, inArray, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { PgUpdateSetSource } from "drizzle-orm/pg-core";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";
import { reminderAttempts, reminderDeliveries as deliveries, reminders } from "./schema/index.ts";
import { isOneOf, uuidArray } from "./sql-fragments.ts";

export type ReminderDelivery = typeof deliveries.$inferSelect;
export type ReminderAttempt = typeof reminderAttempts.$inferSelect;
export type NewDelivery = Pick<ReminderDelivery, "channelId" | "step" | "priority" | "dueAt" | "nextAttemptAt" | "expiresAt"> &
  Partial<Pick<ReminderDelivery, "id" | "reminderId" | "occurrenceId" | "reminderVersion">>;

export interface DeliveryFilters {
  reminderId?: string | undefined;
  occurrenceId?: string | undefined;
  channelId?: string | undefined;
  status?: DeliveryStatus | undefined;
  /** Only what is in the inbox and has not been read. */
  unread?: boolean | undefined;
}

/** The reason of a delivery that waits because its channel is left alone for a while. */
export const circuitOpen = "circuit_open";

/** The outbox of the transaction's user. */
export interface DeliveryRepository {
  /**
   * Each step of an occurrence goes to a channel once: a cancelled one revives, one that is being sent or waits to be tried again may be
   * tried until its new expiry, any other stays as it is. Returns those that are to be sent.
   */
  enqueue(deliveries: readonly NewDelivery[]): Promise<Pick<ReminderDelivery, "id" | "occurrenceId">[]>;
  getById(id: string): Promise<ReminderDelivery>;
  findMany(ids: readonly string[]): Promise<ReminderDelivery[]>;
  /** Newest first. */
  list(request: PageRequest & { filters?: DeliveryFilters | undefined }): Promise<Page<ReminderDelivery>>;
  attempts(deliveryId: string): Promise<ReminderAttempt[]>;
  /** Withdraws what waits to be sent, claimed or not: its lease is lost. What is being sent already is not tried once more. */
  withdraw(where: { reminderId: string } | { occurrenceIds: readonly string[] }, reason: string): Promise<void>;
  /** Those that wait or are being sent, of reminders or to a channel. */
  listOpen(where: { reminderIds: readonly string[] } | { channelId: string }): Promise<ReminderDelivery[]>;
  /** Those of the reminder that went out at `since` or later. */
  sentSince(reminderId: string, since: Date): Promise<string[]>;
  /** Lets those of `ids` that were withdrawn wait to be sent again, at their old times. */
  revive(ids: readonly string[]): Promise<void>;
  /** Makes what waits to be sent carry the reminder's new version and priority. */
  follow(reminderId: string, changes: Pick<ReminderDelivery, "priority" | "reminderVersion">): Promise<void>;
  /** How often the end of an attempt never became known, by delivery. */
  unknownAttempts(ids: readonly string[]): Promise<Map<string, number>>;
  /** How many deliveries of the reminders wait or are being sent, by reminder. */
  open(reminderIds: readonly string[]): Promise<Map<string, number>>;
  /** Sends a dead letter again from its first attempt. Null when it is none. */
  replay(id: string, at: { nextAttemptAt: Date; expiresAt: Date }): Promise<ReminderDelivery | null>;
  /** What waited for these channels' circuits may be tried at once. */
  releasePaused(channelIds: readonly string[], now: Date): Promise<void>;
  markRead(ids: readonly string[], now: Date): Promise<string[]>;
}

export function createDeliveryRepository(tx: UserTransaction): DeliveryRepository {
  const own = eq(deliveries.userId, tx.userId);
  return {
    enqueue: async (rows) => {
      if (rows.length === 0) return [];
      const isSending = sql`${deliveries.status} = 'sending'`;
      return tx
        .insert(deliveries)
        .values(rows.map((row) => ({ ...row, userId: tx.userId })))
        .onConflictDoUpdate({
          target: [deliveries.userId, deliveries.occurrenceId, deliveries.step, deliveries.channelId],
          set: {
            status: sql`case when ${isSending} then ${deliveries.status} else 'pending' end`,
            statusReason: null,
            settledAt: null,
            priority: sql`excluded.priority`,
            dueAt: sql`excluded.due_at`,
            nextAttemptAt: sql`case when ${isSending} then ${deliveries.nextAttemptAt} else excluded.next_attempt_at end`,
            expiresAt: sql`excluded.expires_at`,
            reminderVersion: sql`excluded.reminder_version`,
          },
          setWhere: and(own, or(eq(deliveries.status, "cancelled"), isNull(deliveries.settledAt))),
        })
        .returning({ id: deliveries.id, occurrenceId: deliveries.occurrenceId });
    },
    getById: async (id) => {
      const [row] = await tx
        .select()
        .from(deliveries)
        .where(and(own, eq(deliveries.id, id)));
      if (row === undefined) throw notFound("Delivery");
      return row;
    },
    list: async ({ filters = {}, cursor, limit }) => {
      const size = pageLimit(limit);
      const after = decodeCursor(idKey, cursor);
      const rows = await tx
        .select()
        .from(deliveries)
        .where(and(own, ...filterConditions(filters), after === null ? undefined : lt(deliveries.id, after[0])))
        .orderBy(desc(deliveries.id))
        .limit(size + 1);
      return pageOf(rows, size, (row) => [row.id]);
    },
    attempts: (deliveryId) =>
      tx
        .select()
        .from(reminderAttempts)
        .where(and(eq(reminderAttempts.userId, tx.userId), eq(reminderAttempts.deliveryId, deliveryId)))
        .orderBy(asc(reminderAttempts.id)),
    withdraw: async (where, reason) => {
      const target =
        "reminderId" in where ? eq(deliveries.reminderId, where.reminderId) : isOneOf(deliveries.occurrenceId, where.occurrenceIds);
      // In the order in which heartbeats lock them: neither waits for the other.
      const open = await tx
        .select({ id: deliveries.id, status: deliveries.status, begunAt: deliveries.begunAt })
        .from(deliveries)
        .where(and(own, target, isNull(deliveries.settledAt)))
        .orderBy(asc(deliveries.id))
        .for("update");
      const isBegun = ({ status, begunAt }: (typeof open)[number]) => status === "sending" && begunAt !== null;
      const change = async (rows: typeof open, set: PgUpdateSetSource<typeof deliveries>) => {
        if (rows.length === 0) return;
        const ids = rows.map(({ id }) => id);
        await tx
          .update(deliveries)
          .set(set)
          .where(and(own, isOneOf(deliveries.id, ids)));
      };
      const now = sql`clock_timestamp()`;
      const free = { leaseToken: null, leaseOwner: null, leaseUntil: null };
      await change(open.filter(isBegun), { expiresAt: sql`least(${deliveries.expiresAt}, ${now})` });
      await change(
        open.filter((row) => !isBegun(row)),
        { status: "cancelled", statusReason: reason, settledAt: now, ...free },
      );
    },
    listOpen: (where) =>
      tx
        .select()
        .from(deliveries)
        .where(
          and(
            own,
            "channelId" in where ? eq(deliveries.channelId, where.channelId) : isOneOf(deliveries.reminderId, where.reminderIds),
            isNull(deliveries.settledAt),
          ),
        )
        .orderBy(asc(deliveries.id)),
    sentSince: async (reminderId, since) => {
      const rows = await tx
        .select({ id: deliveries.id })
        .from(deliveries)
        .where(
          and(
            own,
            eq(deliveries.reminderId, reminderId),
            inArray(deliveries.status, ["sent", "delivered"]),
            gte(deliveries.settledAt, since),
          ),
        );
      return rows.map(({ id }) => id);
    },
    findMany: async (ids) => {
      if (ids.length === 0) return [];
      return tx
        .select()
        .from(deliveries)
        .where(and(own, isOneOf(deliveries.id, ids)));
    },
    revive: async (ids) => {
      if (ids.length === 0) return;
      // One that was claimed when it was withdrawn has the end of its lease there.
      const tried = sql`case when ${deliveries.attempts} = 0 then ${deliveries.dueAt} else ${deliveries.nextAttemptAt} end`;
      await tx
        .update(deliveries)
        .set({ status: "pending", statusReason: null, settledAt: null, nextAttemptAt: tried })
        .where(and(own, isOneOf(deliveries.id, ids), eq(deliveries.status, "cancelled")));
    },
    follow: async (reminderId, changes) => {
      await tx
        .update(deliveries)
        .set(changes)
        .where(and(own, eq(deliveries.reminderId, reminderId), eq(deliveries.status, "pending")));
    },
    unknownAttempts: async (ids) => {
      if (ids.length === 0) return new Map();
      const rows = await tx
        .select({ id: reminderAttempts.deliveryId, times: count() })
        .from(reminderAttempts)
        .where(
          and(eq(reminderAttempts.userId, tx.userId), isOneOf(reminderAttempts.deliveryId, ids), eq(reminderAttempts.outcome, "unknown")),
        )
        .groupBy(reminderAttempts.deliveryId);
      return new Map(rows.map(({ id, times }) => [id, times]));
    },
    open: async (reminderIds) => {
      if (reminderIds.length === 0) return new Map();
      const rows = await countOpen(tx, { reminderIds: uuidArray(reminderIds) });
      return new Map(rows.flatMap(({ id, times }) => (times > 0 ? [[id, times]] : [])));
    },
    replay: async (id, { nextAttemptAt, expiresAt }) => {
      const [row] = await tx
        .update(deliveries)
        .set({ status: "pending", statusReason: null, settledAt: null, attempts: 0, nextAttemptAt, expiresAt })
        .where(and(own, eq(deliveries.id, id), inArray(deliveries.status, ["failed", "dead", "unknown"])))
        .returning();
      return row ?? null;
    },
    releasePaused: async (channelIds, now) => {
      if (channelIds.length === 0) return;
      await tx
        .update(deliveries)
        .set({ nextAttemptAt: now })
        .where(
          and(own, isOneOf(deliveries.channelId, channelIds), eq(deliveries.status, "pending"), eq(deliveries.statusReason, circuitOpen)),
        );
      tx.signal("due");
    },
    markRead: async (ids, now) => {
      const rows = await tx
        .update(deliveries)
        .set({ readAt: now })
        .where(and(own, isOneOf(deliveries.id, ids), isNull(deliveries.readAt)))
        .returning({ id: deliveries.id });
      return rows.map(({ id }) => id);
    },
  };
}

const owner = sql.placeholder("userId");

/** One look into an index for each reminder: as one condition over all of them, the planner may rather read every open delivery. */
const openOf = sql<number>`(select count(*)::integer from reminder_deliveries d
  where d.user_id = ${owner}::uuid and d.reminder_id = reminders.id and d.settled_at is null)`;

const countOpen = compileQuery((queries) =>
  queries
    .select({ id: reminders.id, times: openOf })
    .from(reminders)
    .where(and(eq(reminders.userId, owner), sql`${reminders.id} = any(${sql.placeholder("reminderIds")}::uuid[])`)),
);

function filterConditions({ reminderId, occurrenceId, channelId, status, unread }: DeliveryFilters): (SQL | undefined)[] {
  return [
    reminderId === undefined ? undefined : eq(deliveries.reminderId, reminderId),
    occurrenceId === undefined ? undefined : eq(deliveries.occurrenceId, occurrenceId),
    channelId === undefined ? undefined : eq(deliveries.channelId, channelId),
    status === undefined ? undefined : eq(deliveries.status, status),
    unread === true ? isNull(deliveries.readAt) : undefined,
  ];
}
