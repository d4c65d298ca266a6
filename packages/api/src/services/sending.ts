import {
  type Channel,
  type ChannelToSendTo,
  clockAt,
  createDeliveryRepository,
  createHeldDeliveryRepository,
  type Db,
  type DbClock,
  effectiveAt,
  type HeldDelivery,
  type LeaseKey,
  type ReminderToSend,
  type Settlement,
  type UserTransaction,
} from "@mema/db";
import { AppError, checkQuietHours, deferPastQuietHours, describeInstant, type QuietHours } from "@mema/shared";
import { z } from "zod";
import type { Log } from "../context.ts";
import { heldByCircuit } from "./channel-health.ts";
import type { DeliveryJob, JobContext } from "./channel-view.ts";
import { buildJob } from "./channels.ts";
import type { DeliveryMessage } from "./delivery-message.ts";
import { forEachUser } from "./each-user.ts";
import { movedSuffix } from "./expansion.ts";
import { moveRemindersOn } from "./settlement.ts";

/** What the worker is told to do with a delivery that it holds. */
export type BeginDecision =
  | { deliveryId: string; decision: "go"; attempt: number; job: DeliveryJob; startDelaySeconds: number | null }
  | { deliveryId: string; decision: "drop" | "defer" | "lost"; reason: string };

/** Attempts whose end never became known, after which a delivery is not tried again: whatever ends the worker each time ends here. */
const maxUnknownAttempts = 5;
const deferSeconds = 1;
const notReadySeconds = 300;
const lateSeconds = 60;
/** What waited for the end of quiet hours may still be tried for so long. */
const afterQuietSeconds = 3_600;

type User = ChannelToSendTo["user"];

interface Held extends HeldDelivery {
  reminder: ReminderToSend | null;
  channel: Channel | undefined;
  unknown: number;
}

/**
 * Decides, immediately before the send, whether each delivery still is to be sent: lease, reminder, occurrence, channel, quiet hours and
 * expiry as they are now, under the reminder's row lock. A change that was answered before is always seen; the text is the present one.
 */
export async function beginDeliveries(
  { db, log, ...context }: JobContext & { db: Db; log: Log },
  leases: readonly LeaseKey[],
  clock: DbClock,
): Promise<BeginDecision[]> {
  const decide = (some: readonly LeaseKey[], strength: "share" | "update") =>
    forEachUser({ db, log }, some, (tx, own) => beginOfUser(tx, own, strength, clock, context));
  const decided = await decide(leases, "share");
  const ending = new Set(decided.flatMap(({ deliveryId, decision }) => (decision === "ends" ? deliveryId : [])));
  if (ending.size > 0)
    decided.push(
      ...(await decide(
        leases.filter(({ deliveryId }) => ending.has(deliveryId)),
        "update",
      )),
    );
  const byId = new Map(decided.flatMap((decision) => (decision.decision === "ends" ? [] : [[decision.deliveryId, decision] as const])));
  // What could not be decided stays as it is: its lease runs out, and it is tried again.
  return leases.map(({ deliveryId }) => byId.get(deliveryId) ?? { deliveryId, decision: "defer", reason: "begin_failed" });
}

/** Not decided yet: what ends unsent may have been the last of its reminder, which needs the reminder's row for itself. */
interface Ending {
  deliveryId: string;
  decision: "ends";
}

async function beginOfUser(
  tx: UserTransaction,
  leases: readonly LeaseKey[],
  strength: "share" | "update",
  clock: DbClock,
  context: JobContext,
): Promise<(BeginDecision | Ending)[]> {
  const repository = createHeldDeliveryRepository(tx);
  // In one flight and in this order: what is read behind the reminders' locks is as the last answered change left it.
  const [toMoveOn, reminders, rows, channels] = await Promise.all([
    strength === "update" ? repository.remindersToMoveOn(leases) : [],
    repository.remindersToSend(leases),
    repository.find(leases),
    repository.channels(leases, clock),
  ]);
  const [first] = channels;
  if (first === undefined) return leases.map(({ deliveryId }) => lost(deliveryId));
  const { user, now } = first;
  const again = rows.filter(({ delivery }) => delivery.claims > 1);
  const unknown = await createDeliveryRepository(tx).unknownAttempts(again.map(({ delivery }) => delivery.id));
  const reminderOf = new Map(reminders.map((reminder) => [reminder.id, reminder]));
  const channelOf = new Map(channels.map(({ channel }) => [channel.id, channel]));
  const held = rows.map(({ delivery, occurrence }): Held => ({
    delivery,
    reminder: reminderOf.get(delivery.reminderId ?? "") ?? null,
    occurrence,
    channel: channelOf.get(delivery.channelId),
    unknown: (unknown.get(delivery.id) ?? 0) + (delivery.begunAt === null ? 0 : 1),
  }));
  const judged = held.map((item) => ({ item, verdict: judge(item, user, now) }));
  const wanted = judged.flatMap(({ item: { delivery, channel }, verdict }) =>
    verdict !== null || channel === undefined || isTest(delivery) ? [] : { deliveryId: delivery.id, channel },
  );
  const paused = await heldByCircuit(tx, wanted, now);
  const settlements: Settlement[] = [];
  const decisions: BeginDecision[] = [];
  const endings: Ending[] = [];
  for (const { item, verdict } of judged) {
    const { id: deliveryId, leaseToken, attempts } = item.delivery;
    const waits = paused.get(deliveryId);
    const job = verdict ?? (waits === undefined ? jobOrWait(item, user, now, context) : { status: "pending" as const, ...waits });
    if ("type" in job) {
      decisions.push({ deliveryId, decision: "go", attempt: attempts + 1, job, startDelaySeconds: startDelayOf(item.delivery, now) });
      continue;
    }
    const { status, reason, nextAttemptAt = null, expiresAt = null } = job;
    if (status !== "pending" && item.reminder !== null && strength === "share") {
      endings.push({ deliveryId, decision: "ends" });
      continue;
    }
    settlements.push({ deliveryId, leaseToken: leaseToken ?? "", status, reason, nextAttemptAt, expiresAt });
    decisions.push({ deliveryId, decision: status === "pending" ? "defer" : "drop", reason });
  }
  const tokens = new Map(leases.map((lease) => [lease.deliveryId, lease]));
  const decided = new Map(decisions.map((decision) => [decision.deliveryId, decision]));
  const go = decisions.flatMap(({ deliveryId, decision }) => (decision === "go" ? (tokens.get(deliveryId) ?? []) : []));
  const [settled, begun] = await Promise.all([repository.settle(settlements, clockAt(now)), repository.begin(go, now)]);
  const changed = new Set([...settled.map(({ id }) => id), ...begun]);
  // What an earlier worker began and never settled is unknown, now that its lease is gone.
  await repository.recordUnknown(
    rows.flatMap(({ delivery }) => (delivery.begunAt !== null && changed.has(delivery.id) ? delivery : [])),
    now,
  );
  await moveRemindersOn(tx, toMoveOn, settled);
  const waiting = new Set(endings.map(({ deliveryId }) => deliveryId));
  const known = leases.filter(({ deliveryId }) => !waiting.has(deliveryId));
  return [
    ...endings,
    ...known.map(({ deliveryId }) => (changed.has(deliveryId) ? decided.get(deliveryId) : undefined) ?? lost(deliveryId)),
  ];
}

const lost = (deliveryId: string): BeginDecision => ({ deliveryId, decision: "lost", reason: "lease_lost" });

/** Null for what was tried before, or put off on purpose. */
const startDelayOf = ({ attempts, claims, statusReason, dueAt }: HeldDelivery["delivery"], now: Date): number | null =>
  attempts === 0 && claims === 1 && statusReason === null ? Math.max(0, now.getTime() - dueAt.getTime()) / 1000 : null;

type Verdict = {
  status: "pending" | "cancelled" | "suppressed" | "failed" | "unknown";
  reason: string;
  nextAttemptAt?: Date;
  expiresAt?: Date;
};

const isTest = ({ step }: HeldDelivery["delivery"]): boolean => step.startsWith("test:");
const answeredStates = ["completed", "skipped", "cancelled", "acknowledged", "missed"];

/** Null: send it. */
function judge({ delivery, reminder, occurrence, channel, unknown }: Held, user: User, now: Date): Verdict | null {
  if (channel === undefined) return { status: "cancelled", reason: "channel_gone" };
  if (unknown >= maxUnknownAttempts) return { status: "unknown", reason: "too_many_unknown_outcomes" };
  if (delivery.expiresAt.getTime() <= now.getTime()) return { status: unknown > 0 ? "unknown" : "failed", reason: "expired" };
  if (channel.disabledAt !== null) return { status: "suppressed", reason: "channel_disabled" };
  if (channel.verifiedAt === null) return { status: "suppressed", reason: "channel_not_verified" };
  if (isTest(delivery)) return null;
  if (user.status !== "active") return { status: "suppressed", reason: `user_${user.status}` };
  if (reminder === null || occurrence === null) return { status: "cancelled", reason: "reminder_gone" };
  if (reminder.status !== "active") return { status: "cancelled", reason: `reminder_${reminder.status}` };
  const snoozed = delivery.step.startsWith("snooze:");
  if (answeredStates.includes(occurrence.status)) return { status: "cancelled", reason: `occurrence_${occurrence.status}` };
  if (occurrence.status === "snoozed" && !snoozed) return { status: "cancelled", reason: "snoozed" };
  if (!snoozed && (/@.*$/.exec(delivery.step)?.[0] ?? "") !== movedSuffix(occurrence))
    return { status: "cancelled", reason: "occurrence_moved" };
  if (snoozed && occurrence.snoozedUntil?.getTime() !== delivery.dueAt.getTime()) return { status: "cancelled", reason: "snoozed_again" };
  const behind = reminder.nextWakeAt !== null && reminder.nextWakeAt.getTime() <= now.getTime();
  if (behind && now.getTime() - delivery.dueAt.getTime() > lateSeconds * 1000) {
    return { status: "pending", reason: "expansion_first", nextAttemptAt: new Date(now.getTime() + deferSeconds * 1000) };
  }
  return quietVerdict(delivery, reminder, channel, user, now);
}

const quietConfig = z.object({ quiet: z.enum(["defer", "drop", "bypass"]).optional() });
const preferences = z.object({
  quietHours: z.object({ start: z.string(), end: z.string(), days: z.array(z.number()).optional() }).nullish(),
});

function quietVerdict(
  delivery: HeldDelivery["delivery"],
  reminder: ReminderToSend,
  channel: Channel,
  user: User,
  now: Date,
): Verdict | null {
  if (reminder.quiet === "bypass") return null;
  const silent = channel.type === "in_app" || channel.type === "log";
  const mode = quietConfig.safeParse(channel.config).data?.quiet ?? (silent ? "bypass" : "defer");
  const hours = preferences.safeParse(user.preferences).data?.quietHours;
  if (mode === "bypass" || hours === null || hours === undefined) return null;
  const { start, end, days } = hours;
  const quiet: QuietHours = checkQuietHours({ start, end, ...(days === undefined ? {} : { days }) });
  const until = deferPastQuietHours(now, quiet, user.timezone ?? "UTC");
  if (until.getTime() <= now.getTime()) return null;
  if (mode === "drop") return { status: "suppressed", reason: "quiet_hours" };
  const expiresAt = new Date(Math.max(delivery.expiresAt.getTime(), until.getTime() + afterQuietSeconds * 1000));
  return { status: "pending", reason: "quiet_hours", nextAttemptAt: until, expiresAt };
}

/** What the server cannot build now, for want of a key or a setting, waits for the operator: it must not stop the others. */
function jobOrWait(item: Held, user: User, now: Date, context: JobContext): DeliveryJob | Verdict {
  try {
    return jobOf(item, user, now, context);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: "pending", reason: "channel_not_ready", nextAttemptAt: new Date(now.getTime() + notReadySeconds * 1000) };
  }
}

function jobOf({ delivery, reminder, occurrence, channel }: Held, user: User, now: Date, context: JobContext): DeliveryJob {
  if (channel === undefined) throw new Error("judged to be sent without a channel");
  // These say nothing: describing the moment in words costs more than all the rest.
  if (channel.type === "in_app" || channel.type === "log") return { type: channel.type };
  const tz = reminder?.tz ?? user.timezone ?? "UTC";
  const at = occurrence === null ? delivery.dueAt : effectiveAt(occurrence);
  const behind = Math.floor((now.getTime() - delivery.dueAt.getTime()) / 1000);
  const message: DeliveryMessage = {
    type: reminder === null ? "channel.test" : "reminder.fired",
    timestamp: now.toISOString(),
    data: {
      deliveryId: delivery.id,
      step: delivery.step,
      lateBySeconds: behind >= lateSeconds ? behind : 0,
      missedBefore: occurrence?.missedBefore ?? 0,
      ...(reminder === null
        ? {}
        : {
            reminder: {
              id: reminder.id,
              title: occurrence?.title ?? reminder.title,
              notes: occurrence?.notes ?? reminder.notes,
              priority: reminder.priority,
              kind: reminder.kind,
            },
          }),
      ...(occurrence === null
        ? {}
        : {
            occurrence: {
              id: occurrence.id,
              at: at.toISOString(),
              shiftedBySeconds: occurrence.shiftedBySeconds,
              ...describeInstant(at, tz, now),
            },
          }),
    },
  };
  return buildJob({ channel, message, now }, context);
}
