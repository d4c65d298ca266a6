import type { AttemptOutcome, DeliveryStatus } from "@mema/shared";
import { and, asc, type Column, eq, type SQL, sql } from "drizzle-orm";
import type { Channel } from "./channels.repository.ts";
import { compiledClock, type DbClock } from "./clock.ts";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery, compileStatement } from "./connection/queries.ts";
import type { ReminderDelivery } from "./deliveries.repository.ts";
import type { ReminderOccurrence } from "./occurrences.repository.ts";
import type { Reminder, ReminderProgress } from "./reminders.repository.ts";
import type { User } from "./rows.ts";
import { channels, reminderDeliveries as deliveries, reminderOccurrences as occurrences, reminders, users } from "./schema/index.ts";
import { newId } from "./schema/base.ts";
import { uuidArray } from "./sql-fragments.ts";
import type { LeaseKey } from "./worker-leases.repository.ts";

/** What decides about sending a delivery and what it says, besides its reminder and its channel. Null: the test of a channel. */
export interface HeldDelivery {
  delivery: Pick<
    ReminderDelivery,
    "id" | "reminderId" | "channelId" | "step" | "attempts" | "claims" | "dueAt" | "expiresAt" | "leaseToken" | "begunAt" | "statusReason"
  >;
  occurrence: HeldOccurrence | null;
}
export type HeldOccurrence = Pick<
  ReminderOccurrence,
  "id" | "occurrenceAt" | "status" | "shiftedBySeconds" | "missedBefore" | "snoozedUntil" | "movedToAt" | "title" | "notes"
>;
export type ReminderToSend = Pick<Reminder, "id" | "title" | "notes" | "kind" | "tz" | "priority" | "quiet" | "status" | "nextWakeAt">;
export type ReminderToMoveOn = Pick<Reminder, "id" | "status" | "repeatFrom" | "firedCount" | "nextOccurrenceAt" | "expandFromAt">;
/** A channel, what of its user decides about sending, and the present. */
export interface ChannelToSendTo {
  channel: Channel;
  user: Pick<User, "status" | "timezone" | "preferences">;
  now: Date;
}

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
  /** To be recorded; absent when nothing was tried. */
  attempt?: { outcome: AttemptOutcome; httpStatus: number | null; error: string | null };
}

/** What was settled, and what came of it for its reminder. */
export interface SettledDelivery {
  id: string;
  reminderId: string | null;
  occurrenceId: string | null;
  channelId: string;
  step: string;
  settledAt: Date;
  status: DeliveryStatus;
  /** How many occurrences of the reminder fired with this batch for the first time. */
  fired: number;
  /** How many deliveries of the reminder wait or are being sent after this batch. */
  open: number;
}

/** How far a reminder got. */
export type ReminderStep = Pick<Reminder, "id" | "firedCount"> & Pick<ReminderProgress, "status" | "statusReason" | "nextOccurrenceAt">;

/**
 * The transaction user's deliveries that a worker holds by leases. What a lease does not hold any more is left out of every answer and
 * unchanged. Everything is one compiled statement for a batch, over no more columns than are needed: this is what a delivery costs.
 */
export interface HeldDeliveryRepository {
  /** Locks their reminders in the order of ids: whoever changes one waits until the transaction ends. */
  remindersToSend(leases: readonly LeaseKey[]): Promise<ReminderToSend[]>;
  /** The same, to change them. */
  remindersToMoveOn(leases: readonly LeaseKey[]): Promise<ReminderToMoveOn[]>;
  /** In the order of ids. Nothing is locked: `begin` and `settle` look at the lease once more. */
  find(leases: readonly LeaseKey[]): Promise<HeldDelivery[]>;
  /** The channels that they go to. */
  channels(leases: readonly LeaseKey[], clock: DbClock): Promise<ChannelToSendTo[]>;
  /** Counts an attempt and notes its start; returns the ids. */
  begin(leases: readonly Pick<LeaseKey, "deliveryId" | "leaseToken">[], now: Date): Promise<string[]>;
  /**
   * Ends attempts and records them. What was sent at or after its occurrence's time, or with the last alert before it, has fired, once, and
   * so has what was snoozed. The reminders must be locked by a statement before this one: they are counted as it found them.
   */
  settle(settlements: readonly Settlement[], clock: DbClock): Promise<SettledDelivery[]>;
  /** Records what an earlier holder began and never settled. */
  recordUnknown(deliveries: readonly Pick<ReminderDelivery, "id" | "attempts" | "begunAt">[], now: Date): Promise<void>;
  /** Occurrences that had fired, were snoozed, and went out again. */
  endSnoozes(occurrenceIds: readonly string[]): Promise<void>;
  /** Moves reminders on; what is undefined stays. */
  advance(steps: readonly ReminderStep[]): Promise<void>;
}

export function createHeldDeliveryRepository(tx: UserTransaction): HeldDeliveryRepository {
  return {
    remindersToSend: (leases) => lockToSend(tx, leaseValues(leases)),
    remindersToMoveOn: (leases) => lockToMoveOn(tx, leaseValues(leases)),
    find: async (leases) => {
      const rows = await findHeld(tx, leaseValues(leases));
      const tokens = new Map(leases.map(({ deliveryId, leaseToken }) => [deliveryId, leaseToken]));
      return rows.filter(({ delivery }) => tokens.get(delivery.id) === delivery.leaseToken);
    },
    channels: async (leases, { at }) => {
      const rows = await findChannels(tx, { ...leaseValues(leases), at: at?.toISOString() ?? null });
      return rows.map(({ now: present, ...row }) => ({ ...row, now: new Date(present) }));
    },
    begin: async (leases, now) => {
      if (leases.length === 0) return [];
      const rows = await beginHeld(tx, { ...leaseValues(inOrder(leases)), now: now.toISOString() });
      return rows.map(({ id }) => id);
    },
    settle: async (settlements, { at }) => {
      if (settlements.length === 0) return [];
      const rows = inOrder(settlements).map((settlement) => ({ ...settlement, attemptId: newId() }));
      const values = { ...leaseValues(rows), settlements: JSON.stringify(rows), at: at?.toISOString() ?? null };
      return (await settleHeld(tx, values)).map((row) => ({
        id: row.id,
        reminderId: row.reminder_id,
        occurrenceId: row.occurrence_id,
        channelId: row.channel_id,
        step: row.step,
        settledAt: new Date(row.now),
        status: row.status,
        fired: row.fired,
        open: row.open,
      }));
    },
    recordUnknown: async (ambiguous, now) => {
      if (ambiguous.length === 0) return;
      const attempts = ambiguous.map(({ id, attempts: attempt, begunAt }) => ({ id: newId(), deliveryId: id, attempt, begunAt }));
      await insertUnknown(tx, { attempts: JSON.stringify(attempts), now: now.toISOString() });
    },
    endSnoozes: async (occurrenceIds) => {
      if (occurrenceIds.length > 0) await endSnoozes(tx, { occurrenceIds: uuidArray(occurrenceIds) });
    },
    advance: async (steps) => {
      if (steps.length === 0) return;
      await advanceReminders(tx, { reminderIds: uuidArray(steps.map(({ id }) => id)), steps: JSON.stringify(steps) });
    },
  };
}

const owner = sql`${sql.placeholder("userId")}::uuid`;
const now = sql`${sql.placeholder("now")}::timestamptz`;
const idsOf = (name: string): SQL => sql`any(${sql.placeholder(name)}::uuid[])`;

/** Ids and tokens are compared each with all: a token is one row's alone, and who has to tell pairs apart does. */
const held: SQL = sql`${deliveries.status} = 'sending' and ${deliveries.id} = ${idsOf("deliveryIds")}
  and ${deliveries.leaseToken} = ${idsOf("leaseTokens")}`;

const leaseValues = (leases: readonly Pick<LeaseKey, "deliveryId" | "leaseToken">[]) => ({
  deliveryIds: uuidArray(leases.map(({ deliveryId }) => deliveryId)),
  leaseTokens: uuidArray(leases.map(({ leaseToken }) => leaseToken)),
});

/** As an array, which is found first and then looked up by key: of a join the planner may begin at the other end. */
const ofHeld = (column: Column): SQL =>
  sql`any(array(select ${column} from ${deliveries} where ${deliveries.userId} = ${owner} and ${held}))`;

/** As heartbeats lock them: two statements over the same rows do not wait for each other. */
const inOrder = <T extends { deliveryId: string }>(items: readonly T[]): T[] =>
  items.toSorted((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));

const lockToSend = compileQuery((queries) => {
  const { id, title, notes, kind, tz, priority, quiet, status, nextWakeAt } = reminders;
  return queries
    .select({ id, title, notes, kind, tz, priority, quiet, status, nextWakeAt })
    .from(reminders)
    .where(and(eq(reminders.userId, owner), sql`${reminders.id} = ${ofHeld(deliveries.reminderId)}`))
    .orderBy(asc(reminders.id))
    .for("share");
});

const lockToMoveOn = compileQuery((queries) => {
  const { id, status, repeatFrom, firedCount, nextOccurrenceAt, expandFromAt } = reminders;
  return queries
    .select({ id, status, repeatFrom, firedCount, nextOccurrenceAt, expandFromAt })
    .from(reminders)
    .where(and(eq(reminders.userId, owner), sql`${reminders.id} = ${ofHeld(deliveries.reminderId)}`))
    .orderBy(asc(reminders.id))
    .for("update");
});

const findHeld = compileQuery((queries) => {
  const { id, reminderId, channelId, step, attempts, claims, dueAt, expiresAt, leaseToken, begunAt, statusReason } = deliveries;
  return queries
    .select({
      delivery: { id, reminderId, channelId, step, attempts, claims, dueAt, expiresAt, leaseToken, begunAt, statusReason },
      occurrence: {
        id: occurrences.id,
        occurrenceAt: occurrences.occurrenceAt,
        status: occurrences.status,
        shiftedBySeconds: occurrences.shiftedBySeconds,
        missedBefore: occurrences.missedBefore,
        snoozedUntil: occurrences.snoozedUntil,
        movedToAt: occurrences.movedToAt,
        title: occurrences.title,
        notes: occurrences.notes,
      },
    })
    .from(deliveries)
    .leftJoin(occurrences, and(eq(occurrences.userId, owner), eq(occurrences.id, deliveries.occurrenceId)))
    .where(and(eq(deliveries.userId, owner), held))
    .orderBy(asc(deliveries.id));
});

const findChannels = compileQuery((queries) =>
  queries
    .select({
      channel: channels,
      user: { status: users.status, timezone: users.timezone, preferences: users.preferences },
      now: sql<string>`${compiledClock}`,
    })
    .from(channels)
    .innerJoin(users, eq(users.id, owner))
    .where(and(eq(channels.userId, owner), sql`${channels.id} = ${ofHeld(deliveries.channelId)}`)),
);

const beginHeld = compileStatement<{ id: string }>(sql`
  update reminder_deliveries d set updated_at = now(), attempts = d.attempts + 1, begun_at = ${now}
  from unnest(${sql.placeholder("deliveryIds")}::uuid[], ${sql.placeholder("leaseTokens")}::uuid[]) as lease(id, token)
  where d.user_id = ${owner} and d.id = ${idsOf("deliveryIds")} and d.id = lease.id and d.status = 'sending' and d.lease_token = lease.token
  returning d.id`);

/**
 * The lease is looked at twice: in `held`, which has the row as it was, and again as the row is when its turn comes. Its id is named as a
 * list too, which is looked up by key: the planner takes a join for a reason to read all of a user's deliveries. All parts see the rows as
 * they were before: what is settled here is left out of what is open by its id.
 */
const settleHeld = compileStatement<{
  id: string;
  reminder_id: string | null;
  occurrence_id: string | null;
  channel_id: string;
  step: string;
  status: DeliveryStatus;
  now: string;
  fired: number;
  open: number;
}>(sql`
  with moment as materialized (select ${compiledClock} as now),
  settlement as materialized (
    select * from jsonb_to_recordset(${sql.placeholder("settlements")}::jsonb) as settlement("deliveryId" uuid, "leaseToken" uuid,
      status text, reason text, "nextAttemptAt" timestamptz, "expiresAt" timestamptz, "attemptId" uuid, attempt jsonb)
  ),
  held as materialized (
    select ${deliveries.id}, ${deliveries.attempts}, ${deliveries.begunAt}, ${deliveries.leaseOwner} from ${deliveries}
    where ${deliveries.userId} = ${owner} and ${held}
  ),
  settled as (
    update reminder_deliveries d set updated_at = now(), lease_token = null, lease_owner = null, lease_until = null, begun_at = null,
      status = settlement.status, status_reason = settlement.reason,
      settled_at = case when settlement.status = 'pending' then null else moment.now end,
      next_attempt_at = coalesce(settlement."nextAttemptAt", d.next_attempt_at),
      expires_at = coalesce(settlement."expiresAt", d.expires_at)
    from moment, settlement join held on held.id = settlement."deliveryId"
    where d.user_id = ${owner} and d.id = ${idsOf("deliveryIds")} and d.id = settlement."deliveryId"
      and d.status = 'sending' and d.lease_token = settlement."leaseToken"
    returning d.id, d.reminder_id, d.occurrence_id, d.channel_id, d.step, d.status, held.attempts, held.begun_at, held.lease_owner,
      settlement."attemptId", settlement.attempt
  ),
  recorded as (
    insert into reminder_attempts (user_id, id, delivery_id, attempt, outcome, started_at, finished_at, http_status, error, worker)
    select ${owner}, settled."attemptId", settled.id, settled.attempts, settled.attempt ->> 'outcome', settled.begun_at, moment.now,
      (settled.attempt ->> 'httpStatus')::integer, settled.attempt ->> 'error', settled.lease_owner
    from settled, moment where settled.attempt is not null
  ),
  fired as (
    update reminder_occurrences o set updated_at = now(), status = 'fired', fired_at = moment.now, snoozed_until = null
    from moment
    where o.user_id = ${owner} and o.id = any(array(select occurrence_id from settled where status in ('sent', 'delivered')))
      and o.status in ('upcoming', 'due', 'snoozed') and o.fired_at is null
      and (coalesce(o.moved_to_at, o.occurrence_at) <= moment.now
        or o.id = any(array(select occurrence_id from settled where status in ('sent', 'delivered') and step like 'snooze:%'))
        or not exists (select 1 from reminder_deliveries d where d.user_id = ${owner} and d.occurrence_id = o.id
          and d.step like 'alert:%' and d.settled_at is null and d.due_at > moment.now))
    returning o.reminder_id
  ),
  times as (select reminder_id, count(*)::integer as fired from fired group by reminder_id)
  select settled.id, settled.reminder_id, settled.occurrence_id, settled.channel_id, settled.step, settled.status, moment.now,
    coalesce(times.fired, 0) as fired,
    (select count(*)::integer from reminder_deliveries d
      where d.user_id = ${owner} and d.reminder_id = settled.reminder_id and d.settled_at is null
        and not d.id = any(array(select id from settled where status <> 'pending'))) as open
  from moment, settled left join times on times.reminder_id = settled.reminder_id`);

const insertUnknown = compileStatement(sql`
  insert into reminder_attempts (user_id, id, delivery_id, attempt, outcome, started_at, finished_at)
  select ${owner}, id, "deliveryId", attempt, 'unknown', "begunAt", ${now}
  from jsonb_to_recordset(${sql.placeholder("attempts")}::jsonb) as added(id uuid, "deliveryId" uuid, attempt integer, "begunAt" timestamptz)`);

const endSnoozes = compileStatement(sql`
  update reminder_occurrences o set updated_at = now(), status = 'fired', snoozed_until = null
  where o.user_id = ${owner} and o.id = ${idsOf("occurrenceIds")} and o.status = 'snoozed' and o.fired_at is not null`);

/** What was moved alone may come sooner than the rule's next one, and after its last. */
const advanceReminders = compileStatement(sql`
  update reminders r set updated_at = now(), fired_count = step."firedCount", status = coalesce(step.status, r.status),
    status_reason = case when step.status is null then r.status_reason else step."statusReason" end,
    next_occurrence_at = case when not step.goes_on then r.next_occurrence_at else least(step."nextOccurrenceAt", (
      select min(o.moved_to_at) from reminder_occurrences o
      where o.user_id = ${owner} and o.reminder_id = r.id and o.moved_to_at is not null and o.status = 'upcoming')) end
  from (
    select *, item ? 'nextOccurrenceAt' as goes_on from jsonb_array_elements(${sql.placeholder("steps")}::jsonb) as steps(item),
      jsonb_to_record(item) as step(id uuid, "firedCount" integer, status text, "statusReason" text, "nextOccurrenceAt" timestamptz)
  ) step
  where r.user_id = ${owner} and r.id = ${idsOf("reminderIds")} and r.id = step.id`);
