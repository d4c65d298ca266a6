import { AppError, notFound, type ChannelType } from "@mema/shared";
import { and, asc, eq, gt, isNull, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";
import { channels } from "./schema/index.ts";
import { isOneOf, staleOrMissing } from "./sql-fragments.ts";

export type Channel = typeof channels.$inferSelect;
export type NewChannel = Pick<Channel, "type" | "name"> & Partial<Pick<Channel, "id" | "config" | "sealed" | "verifiedAt">>;
export type ChannelChanges = Partial<Pick<Channel, "name" | "config" | "sealed" | "verifiedAt" | "disabledAt" | "disabledReason">>;

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
  mark(id: string, changes: Pick<ChannelChanges, "verifiedAt" | "disabledAt" | "disabledReason">): Promise<void>;
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
    delete: async (id) => {
      const channel = await getById(id);
      if (channel.type === "in_app") throw new AppError("PRECONDITION_FAILED", "The inbox cannot be deleted; disable it instead.");
      await tx.delete(channels).where(and(own, eq(channels.id, id)));
    },
  };
}
