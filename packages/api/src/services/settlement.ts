import {
  createDeliveryRepository,
  createEventRepository,
  createOccurrenceRepository,
  createReminderRepository,
  createUserRepository,
  type Db,
  type DbClock,
  type LeaseKey,
  type NewAttempt,
  readClock,
  type Reminder,
  type ReminderDelivery,
  type Settlement,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { type ChannelType, type DeliveryStatus, retryDelaySeconds } from "@mema/shared";
import { recordChannelEnds } from "./channel-health.ts";
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
  db: Db,
  ends: readonly AttemptEnd[],
  clock: DbClock,
  random: () => number = Math.random,
): Promise<SettleResult[]> {
  const users = Map.groupBy(ends, ({ userId }) => userId);
  const settled = await Promise.all([...users].map(([userId, own]) => withUser(db, userId, (tx) => settleOfUser(tx, own, clock, random))));
  return settled.flat();
}

async function settleOfUser(
  tx: UserTransaction,
  ends: readonly AttemptEnd[],
  clock: DbClock,
  random: () => number,
): Promise<SettleResult[]> {
  const deliveries = createDeliveryRepository(tx);
  const [now, reminderIds] = await Promise.all([readClock(tx, clock), deliveries.reminderIds(ends)]);
  const reminders = await createReminderRepository(tx).lockMany(reminderIds, "update");
  const held = await deliveries.lockHeld(ends);
  const pairs = held.flatMap((delivery) => {
    const end = ends.find(({ deliveryId }) => deliveryId === delivery.id);
    return end === undefined ? [] : [{ delivery, end }];
  });
  const settlements = pairs.map(({ delivery, end }) => settlementOf(delivery, end, now, random()));
  await deliveries.settle(settlements, now);
  await deliveries.recordAttempts(
    pairs.map(({ delivery, end }) => attemptOf(delivery, end)),
    now,
  );
  await recordChannelEnds(tx, pairs, now);
  await moveRemindersOn(tx, reminders, pairs, now);
  await announce(tx, pairs, settlements);
  return ends.map(({ deliveryId }) => ({
    deliveryId,
    status: settlements.find((settlement) => settlement.deliveryId === deliveryId)?.status ?? "lost",
  }));
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

function attemptOf(delivery: ReminderDelivery, end: AttemptEnd): NewAttempt {
  return {
    deliveryId: delivery.id,
    attempt: delivery.attempts,
    outcome: succeeded(end) ? "sent" : end.outcome === "unknown" ? "unknown" : "failed",
    startedAt: delivery.begunAt,
    httpStatus: end.httpStatus ?? null,
    error: "error" in end ? end.error : null,
    worker: delivery.leaseOwner,
  };
}

/** What was sent has fired; a reminder of which nothing is left is completed, or expired when nothing of it ever went out. */
async function moveRemindersOn(tx: UserTransaction, reminders: readonly Reminder[], pairs: readonly Pair[], now: Date): Promise<void> {
  if (reminders.length === 0) return;
  const occurrences = createOccurrenceRepository(tx);
  const sent = pairs.filter(({ end }) => succeeded(end));
  const snoozed = sent.filter(({ delivery }) => delivery.step.startsWith("snooze:"));
  const fired = await occurrences.markFired(
    sent.flatMap(({ delivery }) => delivery.occurrenceId ?? []),
    snoozed.flatMap(({ delivery }) => delivery.occurrenceId ?? []),
    now,
  );
  const repository = createReminderRepository(tx);
  const [open, user] = await Promise.all([
    createDeliveryRepository(tx).open(reminders.map(({ id }) => id)),
    createUserRepository(tx).get(),
  ]);
  for (const reminder of reminders) {
    const times = fired.filter(({ reminderId }) => reminderId === reminder.id).length;
    const over =
      reminder.status === "active" &&
      reminder.expandFromAt === null &&
      reminder.repeatFrom === "schedule" &&
      (open.get(reminder.id) ?? 0) === 0;
    if (times === 0 && !over) continue;
    const firedCount = reminder.firedCount + times;
    const passed = reminder.nextOccurrenceAt !== null && reminder.nextOccurrenceAt.getTime() <= now.getTime();
    await repository.advance(reminder.id, {
      firedCount,
      ...(passed ? { nextOccurrenceAt: reminder.expandFromAt === null ? null : nextFrom(reminder, user.timezone ?? "UTC", now) } : {}),
      ...(over
        ? {
            status: firedCount > 0 ? ("completed" as const) : ("expired" as const),
            statusReason: firedCount > 0 ? "fired" : "never_delivered",
          }
        : {}),
    });
  }
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
