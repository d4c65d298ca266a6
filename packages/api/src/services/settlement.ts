import {
  createDeliveryRepository,
  createEventRepository,
  createOccurrenceRepository,
  createReminderRepository,
  type Db,
  type DbClock,
  type LeaseKey,
  type NewAttempt,
  readClock,
  type Reminder,
  type ReminderDelivery,
  type ReminderProgress,
  type Settlement,
  type User,
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
  const deliveries = createDeliveryRepository(tx);
  const [reminders, held, now] = await Promise.all([
    createReminderRepository(tx).lockHeld(ends, "update"),
    deliveries.held(ends),
    readClock(tx, clock),
  ]);
  const [first] = held;
  if (first === undefined) return [];
  const { user } = first;
  const endOf = new Map(ends.map((end) => [end.deliveryId, end]));
  const pairs = held.flatMap(({ delivery }) => {
    const end = endOf.get(delivery.id);
    return end === undefined ? [] : [{ delivery, end }];
  });
  const wanted = pairs.map(({ delivery, end }) => settlementOf(delivery, end, now, random()));
  const ended = new Set(await deliveries.settle(wanted, now));
  const settlements = wanted.filter(({ deliveryId }) => ended.has(deliveryId));
  const over = pairs.filter(({ delivery }) => ended.has(delivery.id));
  const attempts = over.map(({ delivery, end }) => attemptOf(delivery, end));
  await Promise.all([deliveries.recordAttempts(attempts, now), moveRemindersOn(tx, { reminders, sent: sentOf(over), user, now })]);
  await recordChannelEnds(tx, over, now);
  await announce(tx, over, settlements);
  return settlements;
}

type Pair = { delivery: ReminderDelivery; end: AttemptEnd };

const succeeded = ({ outcome }: AttemptEnd): boolean => outcome === "sent" || outcome === "delivered";

function settlementOf(delivery: ReminderDelivery, end: AttemptEnd, now: Date, random: number): Settlement {
  const key = { deliveryId: delivery.id, leaseToken: end.leaseToken };
  if (!("error" in end)) return { ...key, status: end.outcome, reason: null, nextAttemptAt: null };
  if (end.outcome === "permanent") return { ...key, status: "dead", reason: end.error, nextAttemptAt: null };
  const wait = Math.max(retryDelaySeconds(Math.max(1, delivery.attempts), random), end.retryAfterSeconds ?? 0);
  const nextAttemptAt = new Date(now.getTime() + wait * 1000);
  if (nextAttemptAt.getTime() < delivery.expiresAt.getTime()) return { ...key, status: "pending", reason: end.error, nextAttemptAt };
  return { ...key, status: end.outcome === "unknown" ? "unknown" : "failed", reason: end.error, nextAttemptAt: null };
}

/** As it is recorded and counted. */
export const attemptOutcome = (end: AttemptEnd): AttemptOutcome =>
  succeeded(end) ? "sent" : end.outcome === "unknown" ? "unknown" : "failed";

function attemptOf(delivery: ReminderDelivery, end: AttemptEnd): NewAttempt {
  return {
    deliveryId: delivery.id,
    attempt: delivery.attempts,
    outcome: attemptOutcome(end),
    startedAt: delivery.begunAt,
    httpStatus: end.httpStatus ?? null,
    error: "error" in end ? end.error : null,
    worker: delivery.leaseOwner,
  };
}

const sentOf = (pairs: readonly Pair[]): ReminderDelivery[] => pairs.flatMap(({ delivery, end }) => (succeeded(end) ? delivery : []));

/**
 * What was sent has fired; a reminder of which nothing is left is completed, or expired when nothing of it ever went out. The reminders'
 * rows must be locked for change: the last of several deliveries that end at one moment has to see that it is the last.
 */
export async function moveRemindersOn(
  tx: UserTransaction,
  { reminders, sent, user, now }: { reminders: readonly Reminder[]; sent: readonly ReminderDelivery[]; user: User; now: Date },
): Promise<void> {
  if (reminders.length === 0) return;
  const snoozed = sent.filter(({ step }) => step.startsWith("snooze:"));
  const [fired, open] = await Promise.all([
    createOccurrenceRepository(tx).markFired(
      sent.flatMap(({ occurrenceId }) => occurrenceId ?? []),
      snoozed.flatMap(({ occurrenceId }) => occurrenceId ?? []),
      now,
    ),
    createDeliveryRepository(tx).open(reminders.map(({ id }) => id)),
  ]);
  const times = Map.groupBy(fired, ({ reminderId }) => reminderId);
  const steps = reminders.flatMap((reminder) => {
    const step = progressOf(reminder, { times: times.get(reminder.id)?.length ?? 0, open: open.get(reminder.id) ?? 0, user, now });
    return step === null ? [] : [{ id: reminder.id, step }];
  });
  // Most reminders of a batch take the same step: one statement for all of them.
  const alike = Map.groupBy(steps, ({ step }) => JSON.stringify(step));
  await Promise.all(
    [...alike.values()].flatMap((same) => {
      const [first] = same;
      return first === undefined
        ? []
        : createReminderRepository(tx).advance(
            same.map(({ id }) => id),
            first.step,
          );
    }),
  );
}

/** How far a reminder got by having fired `times` times, with `open` deliveries left; null when nowhere. */
function progressOf(
  reminder: Reminder,
  { times, open, user, now }: { times: number; open: number; user: User; now: Date },
): ReminderProgress | null {
  const over = reminder.status === "active" && reminder.expandFromAt === null && reminder.repeatFrom === "schedule" && open === 0;
  if (times === 0 && !over) return null;
  const firedCount = reminder.firedCount + times;
  const passed = reminder.nextOccurrenceAt !== null && reminder.nextOccurrenceAt.getTime() <= now.getTime();
  const next = !passed || reminder.expandFromAt === null ? null : nextFrom(reminder, user.timezone ?? "UTC", now);
  const end =
    firedCount > 0
      ? { status: "completed" as const, statusReason: "fired" }
      : { status: "expired" as const, statusReason: "never_delivered" };
  return { firedCount, ...(passed || over ? { nextOccurrenceAt: next } : {}), ...(over ? end : {}) };
}

async function announce(tx: UserTransaction, pairs: readonly Pair[], settlements: readonly Settlement[]): Promise<void> {
  const final = settlements.filter(({ status }) => status !== "pending");
  if (final.length === 0) return;
  await createEventRepository(tx).append(
    final.map(({ deliveryId, status }) => {
      const delivery = pairs.find((pair) => pair.delivery.id === deliveryId)?.delivery;
      const { reminderId = null, occurrenceId = null, channelId = null, step = null } = delivery ?? {};
      return {
        type: "reminder.delivery_settled",
        payload: { deliveryId, status, reminderId, occurrenceId, channelId, step },
        actor: "system" as const,
      };
    }),
  );
  tx.signal("events", tx.userId);
}
