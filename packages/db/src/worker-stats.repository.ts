import type { ChannelType } from "@mema/shared";
import { sql } from "drizzle-orm";
import type { DbClock } from "./clock.ts";
import type { WorkerTransaction } from "./connection/access.ts";
import { decodeCursor, idKey, type Page, pageLimit, pageOf, type PageRequest } from "./cursor.ts";

/** Deliveries by state; of one type of channel, or of all. */
interface DeliveryCounts {
  /** Unsettled and due, with nobody working on them. */
  due: number;
  inFlight: number;
  /** Leases that ran out and were not taken back yet. */
  lapsed: number;
  failed: number;
  dead: number;
  unknown: number;
}

/** How the channels of one type are, over all users. */
export interface ChannelTypeCounts extends DeliveryCounts {
  type: ChannelType;
  channels: number;
  /** Verified and not disabled. */
  usable: number;
  disabled: number;
  /** The last send failed. */
  failing: number;
  /** Their circuit is open: nothing is sent until one try succeeds. */
  paused: number;
}

export interface WorkerCounts extends DeliveryCounts {
  /** Seconds since the oldest due delivery was due; 0 when none is. */
  lagSeconds: number;
  dueReminders: number;
  channels: ChannelTypeCounts[];
}

/** A delivery that was given up, as far as the operator may see it. */
export interface DeadLetter {
  userId: string;
  deliveryId: string;
  channelId: string;
  channelType: ChannelType;
  status: DeadStatus;
  attempts: number;
  dueAt: Date;
  settledAt: Date;
}

export const deadStatuses = ["failed", "dead", "unknown"] as const;
export type DeadStatus = (typeof deadStatuses)[number];

/** How deliveries and channels are over all users, as mema_worker: ids, times and states, never an address or a text. */
export interface WorkerStatsRepository {
  /** Its cost grows with what is due and what was given up, not with what waits. */
  counts(clock: DbClock): Promise<WorkerCounts>;
  /** Unsettled and waiting for their time or their next attempt. */
  waiting(clock: DbClock): Promise<number>;
  /** Deliveries that were given up, newest first. */
  deadLetters(request: PageRequest & { status?: DeadStatus | undefined }): Promise<Page<DeadLetter>>;
}

/** No lease that a worker may ask for is longer. */
export const longestLeaseSeconds = 300;

export function createWorkerStatsRepository(tx: WorkerTransaction): WorkerStatsRepository {
  return {
    counts: async (clock) => {
      const rows = await tx.execute<{ type: ChannelType } & Record<string, string | number>>(sql`
        with moment as materialized (select ${clock} as now),
        told as (
          select type, count(*) as channels, count(*) filter (where verified_at is not null and disabled_at is null) as usable,
            count(*) filter (where disabled_at is not null) as disabled, count(*) filter (where failures_in_row > 0) as failing,
            count(*) filter (where paused_until is not null) as paused
          from channels group by type
        ),
        open as (
          select c.type, count(*) filter (where d.status = 'pending' and d.next_attempt_at <= moment.now) as due,
            count(*) filter (where d.status = 'sending' and d.next_attempt_at > moment.now) as in_flight,
            count(*) filter (where d.status = 'sending' and d.next_attempt_at <= moment.now) as lapsed,
            extract(epoch from max(moment.now - d.next_attempt_at) filter (where d.status = 'pending')) as lag
          from moment cross join reminder_deliveries d join channels c on c.user_id = d.user_id and c.id = d.channel_id
          where d.settled_at is null and d.next_attempt_at <= moment.now + make_interval(secs => ${longestLeaseSeconds})
          group by c.type
        ),
        given_up as (
          select c.type, count(*) filter (where d.status = 'failed') as failed, count(*) filter (where d.status = 'dead') as dead,
            count(*) filter (where d.status = 'unknown') as unknown
          from reminder_deliveries d join channels c on c.user_id = d.user_id and c.id = d.channel_id
          where d.status in ('failed', 'dead', 'unknown') group by c.type
        )
        select told.*, coalesce(open.due, 0) as due, coalesce(open.in_flight, 0) as "inFlight", coalesce(open.lapsed, 0) as lapsed,
          coalesce(given_up.failed, 0) as failed, coalesce(given_up.dead, 0) as dead, coalesce(given_up.unknown, 0) as unknown,
          greatest(open.lag, 0) as lag,
          (select count(*) from reminders, moment where status = 'active' and next_wake_at <= moment.now) as "dueReminders"
        from (values (null)) as one(row) left join told on true left join open on open.type = told.type left join given_up on given_up.type = told.type
        order by told.type`);
      const count = (row: Record<string, string | number>, name: string): number => Number(row[name] ?? 0);
      const known = rows.filter(({ type }) => type !== null);
      const total = (name: string): number => known.reduce((sum, row) => sum + count(row, name), 0);
      return {
        due: total("due"),
        inFlight: total("inFlight"),
        lapsed: total("lapsed"),
        lagSeconds: Math.max(0, ...known.map((row) => count(row, "lag"))),
        dueReminders: Number(rows[0]?.["dueReminders"] ?? 0),
        failed: total("failed"),
        dead: total("dead"),
        unknown: total("unknown"),
        channels: known.map((row) => ({
          type: row.type,
          channels: count(row, "channels"),
          usable: count(row, "usable"),
          disabled: count(row, "disabled"),
          failing: count(row, "failing"),
          paused: count(row, "paused"),
          due: count(row, "due"),
          inFlight: count(row, "inFlight"),
          lapsed: count(row, "lapsed"),
          failed: count(row, "failed"),
          dead: count(row, "dead"),
          unknown: count(row, "unknown"),
        })),
      };
    },

    waiting: async (clock) => {
      const [row] = await tx.execute<{ waiting: string }>(sql`
        with moment as materialized (select ${clock} as now)
        select count(*) as waiting from reminder_deliveries, moment where settled_at is null and status = 'pending' and next_attempt_at > moment.now`);
      return Number(row?.waiting ?? 0);
    },

    deadLetters: async ({ status, cursor, limit }) => {
      const size = pageLimit(limit);
      const after = decodeCursor(idKey, cursor);
      const rows = await tx.execute<{
        user_id: string;
        id: string;
        channel_id: string;
        type: ChannelType;
        status: DeadStatus;
        attempts: number;
        due_at: string;
        settled_at: string;
      }>(sql`
        select d.user_id, d.id, d.channel_id, c.type, d.status, d.attempts, d.due_at, d.settled_at
        from reminder_deliveries d join channels c on c.user_id = d.user_id and c.id = d.channel_id
        where d.status in ('failed', 'dead', 'unknown') and ${status === undefined ? sql`true` : sql`d.status = ${status}`}
          and ${after === null ? sql`true` : sql`d.id < ${after[0]}::uuid`}
        order by d.id desc limit ${size + 1}`);
      const letters = rows.map((row) => ({
        userId: row.user_id,
        deliveryId: row.id,
        channelId: row.channel_id,
        channelType: row.type,
        status: row.status,
        attempts: row.attempts,
        dueAt: new Date(row.due_at),
        settledAt: new Date(row.settled_at),
      }));
      return pageOf(letters, size, ({ deliveryId }) => [deliveryId]);
    },
  };
}
