import {
  clockAt,
  createEventRepository,
  createHeldDeliveryRepository,
  createReminderRepository,
  createUserRepository,
  type Db,
  type DbClock,
  type HeldDelivery,
  type LeaseKey,
  readClock,
  type ReminderStep,
  type ReminderToMoveOn,
  type SettledDelivery,
  type Settlement,
  type UserTransaction,
} from "@mema/db";
import { type AttemptOutcome, type ChannelType, type DeliveryStatus, retryDelaySeconds } from "@mema/shared";
import type { Log } from "../context.ts";
import { recordChannelEnds } from "./channel-health.ts";
import { forEachUser } from "./each-user.ts";
import { nextFrom } from "./reminder-plan.ts";

/** How a worker's attempt ended. */
export type AttemptEnd = LeaseKey & {
  /** When the send began and ended by the worker's own stopwatch, in milliseconds. */
  durationMs?: number | undefined;
  httpStatus?: number | undefined;
  channelType?: ChannelType | undefined;
} & (
    | { outcome: "sent" | "delivered" }
    | {
        /** transient: try again; permanent: never; unknown: it may have arrived, try again and say so. */
        outcome: "transient" | "permanent" | "unknown";
        /** A short code, never text of the receiver. */
        error: string;
        retryAfterSeconds?: number | undefined;
        /** The receiver asked never to be called again. */
        disableChannel?: boolean | undefined;
      }
  );

export interface SettleResult {
  deliveryId: string;
  /** The delivery's state now; lost when the lease did not hold any more and nothing was changed. */
  status: DeliveryStatus | "lost";
}

/**
 * Ends attempts, fenced: only what its lease still holds changes. Records each attempt, plans retries (5 s, 30 s, 2 min, ... with jitter,
 * Retry-After obeyed) until the delivery expires, and moves occurrences and reminders on. One transaction for each user.
 */
export async function settleDeliveries(
  services: { db: Db; log: Log },
  ends: readonly AttemptEnd[],
  clock: DbClock,
  random: () => number = Math.random,
): Promise<SettleResult[]> {
  const settled = await forEachUser(services, ends, (tx, own) => settleOfUser(tx, own, clock, random));
  const statuses = new Map(settled.map(({ deliveryId, status }) => [deliveryId, status]));
  return ends.map(({ deliveryId }) => ({ deliveryId, status: statuses.get(deliveryId) ?? "lost" }));
}

/** Returns what was settled; a lease that did not hold any more is left out. */
async function settleOfUser(tx: UserTransaction, ends: readonly AttemptEnd[], clock: DbClock, random: () => number): Promise<Settlement[]> {
  const repository = createHeldDeliveryRepository(tx);
  const failed = ends.filter((end) => !succeeded(end));
  // What follows a failure depends on the delivery; success needs no look at it first.
  const [locked, tried, now] =
    failed.length === 0
      ? [null, [], clock.at]
      : await Promise.all([repository.remindersToMoveOn(ends), repository.find(failed), readClock(tx, clock)]);
  const triedById = new Map(tried.map(({ delivery }) => [delivery.id, delivery]));
  const wanted = ends.flatMap((end) => settlementOf(end, triedById.get(end.deliveryId), now, random()) ?? []);
  const [reminders, settled] = await Promise.all([
    locked ?? repository.remindersToMoveOn(ends),
    repository.settle(wanted, now === null ? clock : clockAt(now)),
  ]);
  const endOf = new Map(ends.map((end) => [end.deliveryId, end]));
  const pairs = settled.flatMap((delivery) => {
    const end = endOf.get(delivery.id);
    return end === undefined ? [] : [{ delivery, end }];
  });
  await recordChannelEnds(tx, pairs);
  const ended = new Map(settled.map((delivery) => [delivery.id, delivery]));
  const settlements = wanted.filter(({ deliveryId }) => ended.has(deliveryId));
  await Promise.all([moveRemindersOn(tx, reminders, settled), endSnoozes(tx, pairs), announce(tx, settlements, ended)]);
  return settlements;
}

type Pair = { delivery: SettledDelivery; end: AttemptEnd };

const isSuccess = (status: DeliveryStatus | AttemptEnd["outcome"]): boolean => status === "sent" || status === "delivered";
const succeeded = ({ outcome }: AttemptEnd): boolean => isSuccess(outcome);

/** `tried`: the delivery of an attempt that failed. Null when no lease holds it any more. */
function settlementOf(end: AttemptEnd, tried: HeldDelivery["delivery"] | undefined, now: Date | null, random: number): Settlement | null {
  const { deliveryId, leaseToken, httpStatus = null } = end;
  const attempt = { outcome: attemptOutcome(end), httpStatus, error: "error" in end ? end.error : null };
  const key = { deliveryId, leaseToken, attempt, nextAttemptAt: null };
  if (!("error" in end)) return { ...key, status: end.outcome, reason: null };
  if (end.outcome === "permanent") return { ...key, status: "dead", reason: end.error };
  if (tried === undefined || now === null) return null;
  const wait = Math.max(retryDelaySeconds(Math.max(1, tried.attempts), random), end.retryAfterSeconds ?? 0);
  const nextAttemptAt = new Date(now.getTime() + wait * 1000);
  if (nextAttemptAt.getTime() < tried.expiresAt.getTime()) return { ...key, status: "pending", reason: end.error, nextAttemptAt };
  return { ...key, status: end.outcome === "unknown" ? "unknown" : "failed", reason: end.error };
}

/** As it is recorded and counted. */
export const attemptOutcome = (end: AttemptEnd): AttemptOutcome =>
  succeeded(end) ? "sent" : end.outcome === "unknown" ? "unknown" : "failed";

/**
 * A reminder of which something fired goes on; one of which nothing is left is completed, or expired when nothing of it ever went out. The
 * reminders' rows must have been locked for change before `settled` was: the last of several deliveries that end at one moment has to see
 * that it is the last.
 */
export async function moveRemindersOn(
  tx: UserTransaction,
  reminders: readonly ReminderToMoveOn[],
  settled: readonly SettledDelivery[],
): Promise<void> {
  const own = Map.groupBy(settled, ({ reminderId }) => reminderId);
  const steps = reminders.flatMap((reminder) => progressOf(reminder, own.get(reminder.id) ?? []) ?? []);
  const byRule = reminders.filter(
    ({ id, expandFromAt }) => expandFromAt !== null && steps.some((step) => step.id === id && step.nextOccurrenceAt === null),
  );
  const [first] = settled;
  const next =
    first === undefined || byRule.length === 0
      ? new Map<string, Date | null>()
      : await nextByRule(
          tx,
          byRule.map(({ id }) => id),
          first.settledAt,
        );
  await createHeldDeliveryRepository(tx).advance(
    steps.map((step) => (next.has(step.id) ? { ...step, nextOccurrenceAt: next.get(step.id) ?? null } : step)),
  );
}

/** What had fired, was snoozed and went out again. */
function endSnoozes(tx: UserTransaction, pairs: readonly Pair[]): Promise<void> {
  const again = pairs.flatMap(({ delivery, end }) =>
    succeeded(end) && delivery.step.startsWith("snooze:") ? (delivery.occurrenceId ?? []) : [],
  );
  return createHeldDeliveryRepository(tx).endSnoozes(again);
}

/** How far a reminder got, what its rule says left out (null); null when nowhere. */
function progressOf(reminder: ReminderToMoveOn, settled: readonly SettledDelivery[]): ReminderStep | null {
  const [first] = settled;
  if (first === undefined) return null;
  const { fired, open, settledAt } = first;
  const over = reminder.status === "active" && reminder.expandFromAt === null && reminder.repeatFrom === "schedule" && open === 0;
  if (fired === 0 && !over) return null;
  const firedCount = reminder.firedCount + fired;
  const passed = reminder.nextOccurrenceAt !== null && reminder.nextOccurrenceAt.getTime() <= settledAt.getTime();
  // What fired before the reminder was reopened is not counted any more, and may have gone out once more.
  const wentOut = firedCount > 0 || settled.some(({ status }) => isSuccess(status));
  const end = wentOut
    ? { status: "completed" as const, statusReason: "fired" }
    : { status: "expired" as const, statusReason: "never_delivered" };
  return { id: reminder.id, firedCount, ...(passed || over ? { nextOccurrenceAt: null } : {}), ...(over ? end : {}) };
}

/** When the rules of these reminders come due next. */
async function nextByRule(tx: UserTransaction, ids: readonly string[], now: Date): Promise<Map<string, Date | null>> {
  const [reminders, user] = await Promise.all([createReminderRepository(tx).findMany(ids), createUserRepository(tx).get()]);
  return new Map(reminders.map((reminder) => [reminder.id, nextFrom(reminder, user.timezone ?? "UTC", now)]));
}

async function announce(
  tx: UserTransaction,
  settlements: readonly Settlement[],
  deliveries: ReadonlyMap<string, SettledDelivery>,
): Promise<void> {
  const final = settlements.filter(({ status }) => status !== "pending");
  if (final.length === 0) return;
  await createEventRepository(tx).append(
    final.map(({ deliveryId, status }) => {
      const { reminderId = null, occurrenceId = null, channelId = null, step = null } = deliveries.get(deliveryId) ?? {};
      return {
        type: "reminder.delivery_settled",
        payload: { deliveryId, status, reminderId, occurrenceId, channelId, step },
        actor: "system" as const,
      };
    }),
  );
  tx.signal("events", tx.userId);
}
