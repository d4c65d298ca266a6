import { type AttemptOutcome, type DeliveryStatus, notFound } from "@mema/shared";
import { and, asc, count, desc, eq, gte, inArray, isNotNull, isNull, lt, type SQL, sql } from "drizzle-orm";
import { instantParameter } from "./clock.ts";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";
import { reminderAttempts, reminderDeliveries as deliveries } from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";
import type { LeaseKey } from "./worker-leases.repository.ts";

export type ReminderDelivery = typeof deliveries.$inferSelect;
export type ReminderAttempt = typeof reminderAttempts.$inferSelect;
export type NewDelivery = Pick<ReminderDelivery, "channelId" | "step" | "priority" | "dueAt" | "nextAttemptAt" | "expiresAt"> &
  Partial<Pick<ReminderDelivery, "id" | "reminderId" | "occurrenceId" | "reminderVersion">>;

/** How an attempt ended: a final status, or pending again at `nextAttemptAt`. */
export interface Settlement {
  deliveryId: string;
  leaseToken: string;
  status: DeliveryStatus;
  reason: string | null;
  /** Only for status pending. */
  nextAttemptAt: Date | null;
  /** A new end of its tries, for one that is put off on purpose. */
  expiresAt?: Date | null;
}

export interface NewAttempt {
  deliveryId: string;
  attempt: number;
  outcome: AttemptOutcome;
  startedAt: Date | null;
  httpStatus?: number | null;
  error?: string | null;
  worker?: string | null;
}

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
  /** Each step of an occurrence goes to a channel once: a cancelled one revives, any other stays as it is. Returns how many are to be sent. */
  enqueue(deliveries: readonly NewDelivery[]): Promise<number>;
  getById(id: string): Promise<ReminderDelivery>;
  findMany(ids: readonly string[]): Promise<ReminderDelivery[]>;
  /** Newest first. */
  list(request: PageRequest & { filters?: DeliveryFilters | undefined }): Promise<Page<ReminderDelivery>>;
  attempts(deliveryId: string): Promise<ReminderAttempt[]>;
  /** Withdraws what waits to be sent; what is being sent is decided at its begin. Returns how many. */
  withdraw(where: { reminderId: string } | { occurrenceIds: readonly string[] }, reason: string): Promise<number>;
  /** Those of the reminder that wait or are being sent. */
  listOpen(reminderId: string): Promise<ReminderDelivery[]>;
  /** Those of the reminder that went out at `since` or later. */
  sentSince(reminderId: string, since: Date): Promise<string[]>;
  /** Lets those of `ids` that were withdrawn wait to be sent again, at their old times. */
  revive(ids: readonly string[]): Promise<void>;
  /** Makes what waits to be sent carry the reminder's new version and priority. */
  follow(reminderId: string, changes: Pick<ReminderDelivery, "priority" | "reminderVersion">): Promise<void>;
  /** The reminders that these leases are about, to be locked before the deliveries are. */
  reminderIds(leases: readonly LeaseKey[]): Promise<string[]>;
  /** The deliveries that these leases still hold, locked in the order of ids. */
  lockHeld(leases: readonly LeaseKey[]): Promise<ReminderDelivery[]>;
  /** Counts an attempt and notes its start, for deliveries that `lockHeld` returned. */
  begin(ids: readonly string[], now: Date): Promise<void>;
  /** Ends attempts whose lease still holds; returns their ids (the others are lost and unchanged). Lock them first with `lockHeld`. */
  settle(settlements: readonly Settlement[], now: Date): Promise<string[]>;
  recordAttempts(attempts: readonly NewAttempt[], now: Date): Promise<void>;
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
  const lockHeld = (leases: readonly Pick<LeaseKey, "deliveryId" | "leaseToken">[]) =>
    tx
      .select()
      .from(deliveries)
      .where(and(own, eq(deliveries.status, "sending"), isHeld(leases)))
      .orderBy(asc(deliveries.id))
      .for("update");
  return {
    enqueue: async (rows) => {
      if (rows.length === 0) return 0;
      const made = await tx
        .insert(deliveries)
        .values(rows.map((row) => ({ ...row, userId: tx.userId })))
        .onConflictDoUpdate({
          target: [deliveries.userId, deliveries.occurrenceId, deliveries.step, deliveries.channelId],
          set: {
            status: "pending",
            statusReason: null,
            settledAt: null,
            priority: sql`excluded.priority`,
            dueAt: sql`excluded.due_at`,
            nextAttemptAt: sql`excluded.next_attempt_at`,
            expiresAt: sql`excluded.expires_at`,
            reminderVersion: sql`excluded.reminder_version`,
          },
          setWhere: and(own, eq(deliveries.status, "cancelled")),
        })
        .returning({ id: deliveries.id });
      return made.length;
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
      const rows = await tx
        .update(deliveries)
        .set({ status: "cancelled", statusReason: reason, settledAt: sql`clock_timestamp()` })
        .where(and(own, target, eq(deliveries.status, "pending")))
        .returning({ id: deliveries.id });
      return rows.length;
    },
    listOpen: (reminderId) =>
      tx
        .select()
        .from(deliveries)
        .where(and(own, eq(deliveries.reminderId, reminderId), isNull(deliveries.settledAt))),
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
    reminderIds: async (leases) => {
      const rows = await tx
        .selectDistinct({ id: deliveries.reminderId })
        .from(deliveries)
        .where(and(own, isHeld(leases), isNotNull(deliveries.reminderId)));
      return rows.flatMap(({ id }) => id ?? []);
    },
    lockHeld,
    begin: async (ids, now) => {
      if (ids.length === 0) return;
      await tx
        .update(deliveries)
        .set({ attempts: sql`${deliveries.attempts} + 1`, begunAt: now })
        .where(and(own, isOneOf(deliveries.id, ids)));
    },
    settle: async (settlements, now) => {
      if (settlements.length === 0) return [];
      const rows = await tx
        .update(deliveries)
        .set({
          leaseToken: null,
          leaseOwner: null,
          leaseUntil: null,
          begunAt: null,
          status: sql`settlement.status`,
          statusReason: sql`settlement.reason`,
          settledAt: sql`case when settlement.status = 'pending' then null else ${instantParameter(now)} end`,
          nextAttemptAt: sql`coalesce(settlement."nextAttemptAt", ${deliveries.nextAttemptAt})`,
          expiresAt: sql`coalesce(settlement."expiresAt", ${deliveries.expiresAt})`,
        })
        .from(
          sql`jsonb_to_recordset(${JSON.stringify(settlements)}::jsonb) as settlement("deliveryId" uuid, "leaseToken" uuid, status text, reason text, "nextAttemptAt" timestamptz, "expiresAt" timestamptz)`,
        )
        .where(
          and(
            own,
            eq(deliveries.status, "sending"),
            sql`${deliveries.id} = settlement."deliveryId" and ${deliveries.leaseToken} = settlement."leaseToken"`,
          ),
        )
        .returning({ id: deliveries.id });
      return rows.map(({ id }) => id);
    },
    recordAttempts: async (attempts, now) => {
      if (attempts.length === 0) return;
      await tx.insert(reminderAttempts).values(attempts.map((attempt) => ({ ...attempt, userId: tx.userId, finishedAt: now })));
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
      const rows = await tx
        .select({ id: deliveries.reminderId, times: count() })
        .from(deliveries)
        .where(and(own, isOneOf(deliveries.reminderId, reminderIds), isNull(deliveries.settledAt)))
        .groupBy(deliveries.reminderId);
      return new Map(rows.map(({ id, times }) => [id ?? "", times]));
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

function isHeld(leases: readonly Pick<LeaseKey, "deliveryId" | "leaseToken">[]): SQL {
  const keys = leases.map(({ deliveryId, leaseToken }) => sql`(${deliveryId}::uuid, ${leaseToken}::uuid)`);
  return keys.length === 0 ? sql`false` : sql`(${deliveries.id}, ${deliveries.leaseToken}) in (${sql.join(keys, sql`, `)})`;
}

function filterConditions({ reminderId, occurrenceId, channelId, status, unread }: DeliveryFilters): (SQL | undefined)[] {
  return [
    reminderId === undefined ? undefined : eq(deliveries.reminderId, reminderId),
    occurrenceId === undefined ? undefined : eq(deliveries.occurrenceId, occurrenceId),
    channelId === undefined ? undefined : eq(deliveries.channelId, channelId),
    status === undefined ? undefined : eq(deliveries.status, status),
    unread === true ? isNull(deliveries.readAt) : undefined,
  ];
}
