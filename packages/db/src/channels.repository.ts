import { AppError, notFound, type ChannelType } from "@mema/shared";
import { and, asc, eq, gt, isNull, lt, lte, sql } from "drizzle-orm";
import { instantParameter } from "./clock.ts";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";
import { channels, reminderDeliveries } from "./schema/index.ts";
import { isOneOf, staleOrMissing } from "./sql-fragments.ts";

export type Channel = typeof channels.$inferSelect;
export type NewChannel = Pick<Channel, "type" | "name"> & Partial<Pick<Channel, "id" | "config" | "sealed" | "verifiedAt">>;
type Code = Pick<Channel, "codeMac" | "codeExpiresAt" | "codeTries">;
type Circuit = Pick<Channel, "failuresInRow" | "failingSince" | "pausedUntil">;
export type ChannelChanges = Partial<
  Pick<Channel, "name" | "config" | "sealed" | "verifiedAt" | "disabledAt" | "disabledReason"> & Code & Circuit
>;

/** How sends to one channel ended, several at once. */
export interface ChannelEnds {
  channelId: string;
  succeeded: boolean;
  failures: number;
  lastFailure: string | null;
  /** The receiver answered, if only to refuse: the circuit does not open. */
  answered: boolean;
  /** Why the channel is switched off, if it is. */
  disabledReason: string | null;
}

/** When a channel is left alone, and for how long: half as long as it has failed for, within these bounds. */
export interface CircuitRule {
  failuresToOpen: number;
  shortestSeconds: number;
  longestSeconds: number;
}

/** The ways to reach the transaction's user. */
export interface ChannelRepository {
  create(channel: NewChannel): Promise<Channel>;
  /** The user's inbox: made when it is not there yet. Every user has exactly one. */
  ensureInApp(): Promise<Channel>;
  findById(id: string): Promise<Channel | null>;
  getById(id: string): Promise<Channel>;
  findMany(ids: readonly string[]): Promise<Channel[]>;
  /** Channels that may be sent to: verified and not disabled. */
  usable(): Promise<Channel[]>;
  list(request: PageRequest & { filters?: { type?: ChannelType | undefined } | undefined }): Promise<Page<Channel>>;
  /** Throws CONFLICT when `version` is not the current one. */
  update(id: string, version: number, changes: ChannelChanges): Promise<Channel>;
  /** Records what was found out about a channel (verified, disabled) whatever its version is. */
  mark(id: string, changes: Omit<ChannelChanges, "name" | "config" | "sealed">): Promise<void>;
  /** Counts a try of the mailed code and returns its MAC; null when there is none, it ran out, or it was tried `limit` times. */
  tryCode(id: string, limit: number, now: Date): Promise<{ codeMac: string; triesLeft: number } | null>;
  /** Keeps the health of channels that can fail. Returns those whose circuit was open and is closed now. */
  recordEnds(ends: readonly ChannelEnds[], rule: CircuitRule, now: Date): Promise<string[]>;
  /** Of channels whose pause is over, the ones that nobody else tries now: each may be sent to once, and pauses again until `until`. */
  takeProbes(ids: readonly string[], now: Date, until: Date): Promise<Set<string>>;
  /** Deletes the channel with its deliveries. The inbox stays: PRECONDITION_FAILED. */
  delete(id: string): Promise<void>;
}

export function createChannelRepository(tx: UserTransaction): ChannelRepository {
  const own = eq(channels.userId, tx.userId);
  const findById = async (id: string) => {
    const [row] = await tx
      .select()
      .from(channels)
      .where(and(own, eq(channels.id, id)));
    return row ?? null;
  };
  const getById = async (id: string) => {
    const row = await findById(id);
    if (row === null) throw notFound("Channel");
    return row;
  };
  return {
    create: async (channel) => {
      const [row] = await tx
        .insert(channels)
        .values({ ...channel, userId: tx.userId })
        .returning();
      if (row === undefined) throw new Error("the insert returned no row");
      return row;
    },
    ensureInApp: async () => {
      const existing = () =>
        tx
          .select()
          .from(channels)
          .where(and(own, eq(channels.type, "in_app")));
      const [found] = await existing();
      if (found !== undefined) return found;
      await tx
        .insert(channels)
        .values({ userId: tx.userId, type: "in_app", name: "Inbox", verifiedAt: sql`clock_timestamp()` })
        .onConflictDoNothing();
      const [made] = await existing();
      if (made === undefined) throw new Error("the inbox was not made");
      return made;
    },
    findById,
    getById,
    findMany: (ids) =>
      tx
        .select()
        .from(channels)
        .where(and(own, isOneOf(channels.id, ids))),
    usable: () =>
      tx
        .select()
        .from(channels)
        .where(and(own, isNull(channels.disabledAt), sql`${channels.verifiedAt} is not null`))
        .orderBy(asc(channels.id)),
    list: async ({ filters, cursor, limit }) => {
      const size = pageLimit(limit);
      const after = decodeCursor(idKey, cursor);
      const rows = await tx
        .select()
        .from(channels)
        .where(
          and(
            own,
            filters?.type === undefined ? undefined : eq(channels.type, filters.type),
            after === null ? undefined : gt(channels.id, after[0]),
          ),
        )
        .orderBy(asc(channels.id))
        .limit(size + 1);
      return pageOf(rows, size, (row) => [row.id]);
    },
    update: async (id, version, changes) => {
      const [row] = await tx
        .update(channels)
        .set({ ...changes, version: version + 1 })
        .where(and(own, eq(channels.id, id), eq(channels.version, version)))
        .returning();
      if (row === undefined) throw staleOrMissing("Channel", version, await findById(id));
      return row;
    },
    mark: async (id, changes) => {
      await tx
        .update(channels)
        .set(changes)
        .where(and(own, eq(channels.id, id)));
    },
    tryCode: async (id, limit, now) => {
      const [row] = await tx
        .update(channels)
        .set({ codeTries: sql`${channels.codeTries} + 1` })
        .where(and(own, eq(channels.id, id), lt(channels.codeTries, limit), gt(channels.codeExpiresAt, now)))
        .returning({ codeMac: channels.codeMac, codeTries: channels.codeTries });
      return row === undefined || row.codeMac === null ? null : { codeMac: row.codeMac, triesLeft: limit - row.codeTries };
    },
    recordEnds: async (ends, { failuresToOpen, shortestSeconds, longestSeconds }, now) => {
      if (ends.length === 0) return [];
      const at = instantParameter(now);
      // A receiver that works costs one write a minute.
      const closed = await tx.execute<{ id: string }>(sql`
        with told as (
          select * from jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) as told("channelId" uuid, succeeded boolean, failures integer,
            "lastFailure" text, answered boolean, "disabledReason" text)
        ),
        before as materialized (
          select c.id, c.paused_until from channels c join told on told."channelId" = c.id
          where c.user_id = ${tx.userId} and c.type not in ('in_app', 'log')
            and (told.failures > 0 or c.failures_in_row > 0 or c.last_success_at is null or c.last_success_at < ${at} - interval '1 minute')
          order by c.id for update of c
        ),
        changed as (
          update channels c set
            last_success_at = case when told.succeeded then ${at} else c.last_success_at end,
            last_failure_at = case when told.failures > 0 then ${at} else c.last_failure_at end,
            last_failure = coalesce(told."lastFailure", c.last_failure),
            failures_in_row = case when told.succeeded then 0 else c.failures_in_row + told.failures end,
            failing_since = case when told.succeeded then null else coalesce(c.failing_since, ${at}) end,
            paused_until = case
              when told.succeeded or told.answered or c.failures_in_row + told.failures < ${failuresToOpen} then null
              else ${at} + least(greatest((${at} - coalesce(c.failing_since, ${at})) / 2, make_interval(secs => ${shortestSeconds})),
                make_interval(secs => ${longestSeconds})) end,
            disabled_at = case when told."disabledReason" is null then c.disabled_at else coalesce(c.disabled_at, ${at}) end,
            disabled_reason = coalesce(c.disabled_reason, told."disabledReason")
          from told join before on before.id = told."channelId"
          where c.user_id = ${tx.userId} and c.id = before.id
          returning c.id, told.succeeded
        )
        select before.id from before join changed on changed.id = before.id where changed.succeeded and before.paused_until is not null`);
      return closed.map(({ id }) => id);
    },
    takeProbes: async (ids, now, until) => {
      if (ids.length === 0) return new Set();
      const rows = await tx
        .update(channels)
        .set({ pausedUntil: until })
        .where(and(own, isOneOf(channels.id, ids), lte(channels.pausedUntil, now)))
        .returning({ id: channels.id });
      return new Set(rows.map(({ id }) => id));
    },
    delete: async (id) => {
      const channel = await getById(id);
      if (channel.type === "in_app") throw new AppError("PRECONDITION_FAILED", "The inbox cannot be deleted; disable it instead.");
      // Deliveries first, as their settlement locks them: neither waits for the other.
      await tx.delete(reminderDeliveries).where(and(eq(reminderDeliveries.userId, tx.userId), eq(reminderDeliveries.channelId, id)));
      await tx.delete(channels).where(and(own, eq(channels.id, id)));
    },
  };
}
