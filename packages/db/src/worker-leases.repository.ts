import type { ReminderPriority } from "@mema/shared";
import { type SQL, sql } from "drizzle-orm";
import type { DbClock } from "./clock.ts";
import type { WorkerTransaction } from "./connection/access.ts";

/** A reminder whose rule has to be looked at. */
export interface DueReminder {
  userId: string;
  reminderId: string;
}

/** The proof that a worker holds a delivery: whoever names another token holds nothing. */
export interface LeaseKey {
  userId: string;
  deliveryId: string;
  leaseToken: string;
}

export interface ClaimedDelivery extends LeaseKey {
  priority: ReminderPriority;
  dueAt: Date;
  leaseUntil: Date;
}

export interface ClaimRequest {
  workerId: string;
  /** Most deliveries in all. */
  limit: number;
  /** Most deliveries of one user. */
  perUser: number;
  leaseSeconds: number;
  /** The user after whom the rotation goes on; null begins anew. */
  after: string | null;
}

/** Lease state across all users, as mema_worker: ids, times and states, never text. Each method is one set-based statement. */
export interface WorkerLeaseRepository {
  /** Active reminders that are due to be looked at, at most `perUser` of each user, the oldest first. */
  dueReminders(request: { limit: number; perUser: number }, clock: DbClock): Promise<DueReminder[]>;
  /** Users after `after` with reminders whose instants another tz database than `tzdata` gave, in order. */
  usersOfOtherTzdata(request: { tzdata: string; after: string | null; limit: number }): Promise<string[]>;
  /** Takes due deliveries: urgent ones first, then rotating over users. No two claims get the same one. */
  claim(request: ClaimRequest, clock: DbClock): Promise<ClaimedDelivery[]>;
  /** Prolongs leases and returns the ones that are still held; the others are lost. */
  heartbeat(leases: readonly LeaseKey[], leaseSeconds: number, clock: DbClock): Promise<LeaseKey[]>;
  /** Gives deliveries back unsent, to be claimed at once; a begun attempt is refunded. Returns how many were still held. */
  release(leases: readonly LeaseKey[], clock: DbClock): Promise<number>;
  /** Makes deliveries with a lapsed lease claimable again. `begun_at` stays: what was begun and not settled is ambiguous. */
  reap(limit: number, clock: DbClock): Promise<number>;
  /** When a delivery, and when a rule, is due next (null: none is planned), and the clock's time. */
  nextDue(clock: DbClock): Promise<{ now: Date; deliveryAt: Date | null; reminderAt: Date | null }>;
}

const firstUser = "00000000-0000-0000-0000-000000000000";
const lastUser = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const priorities: readonly ReminderPriority[] = ["urgent", "normal", "low"];

interface LeaseRow extends Record<string, unknown> {
  user_id: string;
  id: string;
  lease_token: string;
}

export function createWorkerLeaseRepository(tx: WorkerTransaction): WorkerLeaseRepository {
  return {
    dueReminders: async ({ limit, perUser }, clock) => {
      const rows = await tx.execute<{ user_id: string; id: string }>(sql`
        with moment as materialized (select ${clock} as now),
        waiting as materialized (
          select r.user_id, min(r.next_wake_at) as since from reminders r, moment
          where r.status = 'active' and r.next_wake_at <= moment.now group by r.user_id
        )
        select due.user_id, due.id
        from moment cross join (select * from waiting order by since, user_id limit ${limit}) waiting
        cross join lateral (
          select r.user_id, r.id, r.next_wake_at from reminders r
          where r.user_id = waiting.user_id and r.status = 'active' and r.next_wake_at <= moment.now
          order by r.next_wake_at limit ${perUser}
        ) due
        limit ${limit}`);
      return rows.map((row) => ({ userId: row.user_id, reminderId: row.id }));
    },

    usersOfOtherTzdata: async ({ tzdata, after, limit }) => {
      const rows = await tx.execute<{ user_id: string }>(sql`
        select distinct r.user_id from reminders r
        where r.user_id > ${after ?? firstUser}::uuid and r.status in ('active', 'paused') and r.tzdata_version is distinct from ${tzdata}
        order by r.user_id limit ${limit}`);
      return rows.map((row) => row.user_id);
    },

    claim: async ({ workerId, limit, perUser, leaseSeconds, after }, clock) => {
      const start = after ?? firstUser;
      const laps = priorities.flatMap((priority) => [
        sql`(${priority}, ${start}::uuid, ${lastUser}::uuid)`,
        sql`(${priority}, ${firstUser}::uuid, ${start}::uuid)`,
      ]);
      const due = sql`d.settled_at is null and d.status = 'pending' and d.priority = lap.priority and d.next_attempt_at <= moment.now`;
      const rows = await tx.execute<LeaseRow & { priority: ReminderPriority; due_at: string; lease_until: string }>(sql`
        with moment as materialized (select ${clock} as now),
        candidate as materialized (
          select taken.user_id, taken.id
          from moment cross join (values ${sql.join(laps, sql`, `)}) as lap(priority, above, upto)
          cross join lateral (
            with recursive rotation(user_id) as (
              (select d.user_id from reminder_deliveries d where ${due} and d.user_id > lap.above and d.user_id <= lap.upto
                order by d.user_id limit 1)
              union all
              select following.user_id from rotation cross join lateral (
                select d.user_id from reminder_deliveries d where ${due} and d.user_id > rotation.user_id and d.user_id <= lap.upto
                order by d.user_id limit 1
              ) following
            )
            select user_id from rotation
          ) turn
          cross join lateral (
            select d.user_id, d.id from reminder_deliveries d where ${due} and d.user_id = turn.user_id
            order by d.next_attempt_at limit ${perUser} for update skip locked
          ) taken
          limit ${limit}
        )
        update reminder_deliveries d set status = 'sending', claims = d.claims + 1, lease_token = gen_random_uuid(), lease_owner = ${workerId}::uuid,
          lease_until = ${leaseEnd(leaseSeconds)}, next_attempt_at = ${leaseEnd(leaseSeconds)}, updated_at = moment.now
        from candidate, moment
        where d.user_id = candidate.user_id and d.id = candidate.id
        returning d.user_id, d.id, d.lease_token, d.priority, d.due_at, d.lease_until`);
      return rows
        .map((row) => ({ ...leaseKey(row), priority: row.priority, dueAt: new Date(row.due_at), leaseUntil: new Date(row.lease_until) }))
        .toSorted((a, b) => priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || a.dueAt.getTime() - b.dueAt.getTime());
    },

    heartbeat: async (leases, leaseSeconds, clock) => {
      const rows = await tx.execute<LeaseRow>(sql`
        with moment as materialized (select ${clock} as now), ${held(leases)}
        update reminder_deliveries d set lease_until = ${leaseEnd(leaseSeconds)}, next_attempt_at = ${leaseEnd(leaseSeconds)}, updated_at = moment.now
        from held, moment
        where d.user_id = held.user_id and d.id = held.id
        returning d.user_id, d.id, d.lease_token`);
      return rows.map(leaseKey);
    },

    release: async (leases, clock) => {
      const rows = await tx.execute(sql`
        with moment as materialized (select ${clock} as now), ${held(leases)}
        update reminder_deliveries d set status = 'pending', lease_token = null, lease_owner = null, lease_until = null,
          next_attempt_at = moment.now, attempts = d.attempts - case when d.begun_at is null then 0 else 1 end, begun_at = null,
          updated_at = moment.now
        from held, moment
        where d.user_id = held.user_id and d.id = held.id
        returning 1`);
      return rows.length;
    },

    reap: async (limit, clock) => {
      const rows = await tx.execute(sql`
        with moment as materialized (select ${clock} as now),
        lapsed as materialized (
          select d.user_id, d.id from reminder_deliveries d
          where d.settled_at is null and d.status = 'sending' and d.next_attempt_at <= (select now from moment)
          order by d.next_attempt_at limit ${limit} for update skip locked
        )
        update reminder_deliveries d set status = 'pending', lease_token = null, lease_owner = null, lease_until = null, updated_at = moment.now
        from lapsed, moment
        where d.user_id = lapsed.user_id and d.id = lapsed.id
        returning 1`);
      return rows.length;
    },

    nextDue: async (clock) => {
      const [row] = await tx.execute<{ now: string; delivery_at: string | null; reminder_at: string | null }>(sql`
        select ${clock}::timestamptz(3) as now,
          (select min(next_attempt_at) from reminder_deliveries where settled_at is null) as delivery_at,
          (select min(next_wake_at) from reminders where status = 'active') as reminder_at`);
      if (row === undefined) throw new Error("the database did not tell the time");
      const instant = (value: string | null) => (value === null ? null : new Date(value));
      return { now: new Date(row.now), deliveryAt: instant(row.delivery_at), reminderAt: instant(row.reminder_at) };
    },
  };
}

const leaseKey = (row: LeaseRow): LeaseKey => ({ userId: row.user_id, deliveryId: row.id, leaseToken: row.lease_token });

const leaseEnd = (seconds: number): SQL => sql`moment.now + make_interval(secs => ${seconds}::double precision)`;

/**
 * The leases that are still held, locked in one order everywhere: two statements over the same rows cannot wait for each other. Each is
 * looked up by its key: of a plain join the planner may begin with everything that is being sent, or all that a user ever had.
 */
function held(leases: readonly LeaseKey[]): SQL {
  return sql`held as materialized (
    select held.user_id, held.id
    from (
      select * from jsonb_to_recordset(${JSON.stringify(leases)}::jsonb) as lease("userId" uuid, "deliveryId" uuid, "leaseToken" uuid)
      order by "userId", "deliveryId"
    ) lease cross join lateral (
      select d.user_id, d.id from reminder_deliveries d
      where d.user_id = lease."userId" and d.id = lease."deliveryId" and d.lease_token = lease."leaseToken" and d.status = 'sending'
      for update
    ) held
  )`;
}
