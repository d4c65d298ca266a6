import {
  type Channel,
  createChannelRepository,
  createDeliveryRepository,
  createEventRepository,
  createOccurrenceRepository,
  createReminderRepository,
  createUserRepository,
  createWorkerLeaseRepository,
  type Db,
  type DbClock,
  effectiveAt,
  type NewDelivery,
  readClock,
  type Reminder,
  type ReminderAlert,
  type ReminderOccurrence,
  type UserTransaction,
  withUser,
  withWorker,
} from "@mema/db";
import { AppError } from "@mema/shared";
import { longestLead, noCursor, planReminder, presentTzdata, type ReminderPlan } from "./reminder-plan.ts";

const perUser = 50;

/**
 * Materialises what falls due next: occurrences, their deliveries and the reminder's new cursor, in one transaction for each user, each
 * instant exactly once however many workers ask. Takes at most `limit` reminders, fairly over users. Returns how many it looked at and
 * how many deliveries it queued.
 */
export async function expandDue(db: Db, limit: number, clock: DbClock): Promise<{ reminders: number; deliveries: number }> {
  const due = await withWorker(db, (tx) => createWorkerLeaseRepository(tx).dueReminders({ limit, perUser }, clock), { readOnly: true });
  const users = Map.groupBy(due, ({ userId }) => userId);
  const queued = await Promise.all(
    [...users].map(([userId, rows]) =>
      withUser(db, userId, (tx) =>
        expandReminders(
          tx,
          rows.map(({ reminderId }) => reminderId),
          clock,
        ),
      ),
    ),
  );
  return { reminders: due.length, deliveries: queued.reduce((sum, count) => sum + count, 0) };
}

/** Expands those of the user's reminders that are due to be looked at and that nobody else holds. Returns how many deliveries it queued. */
export async function expandReminders(tx: UserTransaction, ids: readonly string[], clock: DbClock): Promise<number> {
  const now = await readClock(tx, clock);
  const repository = createReminderRepository(tx);
  const reminders = await repository.lockDue(ids, now);
  if (reminders.length === 0) return 0;
  const channelRepository = createChannelRepository(tx);
  await channelRepository.ensureInApp();
  const [user, alerts, channels] = await Promise.all([
    createUserRepository(tx).get(),
    repository.alerts(reminders.map(({ id }) => id)),
    channelRepository.usable(),
  ]);
  const zone = { userZone: user.timezone ?? "UTC", silent: user.status !== "active" };
  let queued = 0;
  const broken: string[] = [];
  for (const reminder of reminders) {
    const own = alerts.filter(({ reminderId }) => reminderId === reminder.id);
    const plan = planOrError(reminder, { ...zone, leadSeconds: longestLead(own), now });
    if (plan instanceof AppError) {
      await repository.advance(reminder.id, { status: "error", statusReason: plan.message.slice(0, 500), ...noCursor });
      broken.push(reminder.id);
      continue;
    }
    queued += await applyPlan(tx, reminder, plan, own, channels, now);
  }
  if (broken.length > 0) {
    await createEventRepository(tx).append(
      broken.map((reminderId) => ({ type: "reminder.failed", payload: { reminderId }, actor: "system" as const })),
    );
    tx.signal("events", tx.userId);
  }
  return queued;
}

/** A rule that cannot be expanded ends its own reminder and no other. */
function planOrError(reminder: Reminder, at: Parameters<typeof planReminder>[1]): ReminderPlan | AppError {
  try {
    return planReminder(reminder, at);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function applyPlan(
  tx: UserTransaction,
  reminder: Reminder,
  plan: ReminderPlan,
  alerts: readonly ReminderAlert[],
  channels: readonly Channel[],
  now: Date,
): Promise<number> {
  const { occurrences: planned, ...cursor } = plan;
  const superseded = await supersede(tx, reminder, plan);
  const firstDue = planned.findIndex(({ status }) => status === "due");
  const made = await createOccurrenceRepository(tx).materialise(
    planned.map(({ at, missedBefore, ...rest }, index) => ({
      ...rest,
      reminderId: reminder.id,
      occurrenceAt: at,
      missedBefore: missedBefore + (index === firstDue ? superseded : 0),
    })),
  );
  const deliveries = made
    .filter(({ status }) => status === "due" || status === "upcoming")
    .flatMap((occurrence) => deliveriesFor(reminder, occurrence, alerts, channels, now));
  const queued = await createDeliveryRepository(tx).enqueue(deliveries);
  const served = new Set(queued.map(({ occurrenceId }) => occurrenceId));
  // All its alerts went out before its user brought it back: it is told at its time.
  const told = made.filter(({ id, status }) => status === "upcoming" && !served.has(id));
  const atTime = told.flatMap((occurrence) => deliveriesFor({ ...reminder, nag: [] }, occurrence, [], channels, now));
  queued.push(...(await createDeliveryRepository(tx).enqueue(atTime)));
  const over = cursor.expandFromAt === null && reminder.repeatFrom === "schedule" && queued.length === 0 && planned.length > 0;
  // What was moved or snoozed may still be waiting.
  const end =
    over && (await createDeliveryRepository(tx).open([reminder.id])).size === 0
      ? { status: "expired" as const, statusReason: "last_occurrence_missed" }
      : {};
  await createReminderRepository(tx).advance(reminder.id, { ...cursor, ...end, tzdataVersion: presentTzdata() });
  return queued.length;
}

/** With misfire "latest", what was due before and never went out gives way to the later occurrence that fires now. */
async function supersede(tx: UserTransaction, reminder: Reminder, plan: ReminderPlan): Promise<number> {
  if (reminder.misfire !== "latest" || !plan.occurrences.some(({ status }) => status === "due")) return 0;
  const repository = createOccurrenceRepository(tx);
  const first = plan.occurrences[0]?.at.getTime() ?? 0;
  const older = (await repository.inStates(reminder.id, ["upcoming", "due"])).filter((row) => effectiveAt(row).getTime() < first);
  const ids = older.map(({ id }) => id);
  await repository.update(ids, { status: "missed" });
  if (ids.length > 0) await createDeliveryRepository(tx).withdraw({ occurrenceIds: ids }, "superseded");
  return ids.length;
}

/** The user's usable channels, the inbox among them. */
export async function usableChannels(tx: UserTransaction): Promise<Channel[]> {
  const repository = createChannelRepository(tx);
  await repository.ensureInApp();
  return repository.usable();
}

type Firing = Pick<Reminder, "id" | "channelIds" | "nag" | "priority" | "version" | "misfireGraceSeconds" | "createdAt">;

/** The end of the steps of an occurrence that was moved: what was queued for its old time is not mistaken for what is due at the new one. */
export const movedSuffix = ({ movedToAt }: Pick<ReminderOccurrence, "movedToAt">): string =>
  movedToAt === null ? "" : `@${movedToAt.toISOString()}`;

/**
 * What has to be sent for an occurrence: each alert and each nag to each of its channels (its own, else the reminder's, else all usable
 * ones; the inbox when none of those is usable). Of an occurrence that is late only its last alert is left. An alert whose moment was
 * past when the reminder was made is left out.
 */
export function deliveriesFor(
  reminder: Firing,
  occurrence: Pick<ReminderOccurrence, "id" | "occurrenceAt" | "movedToAt">,
  alerts: readonly Pick<ReminderAlert, "offsetSeconds" | "channelIds">[],
  channels: readonly Channel[],
  now: Date,
): NewDelivery[] {
  const dueAt = effectiveAt(occurrence);
  const suffix = movedSuffix(occurrence);
  const seconds = (count: number) => new Date(dueAt.getTime() + count * 1000);
  const atTime = { offsetSeconds: 0, channelIds: [] as string[] };
  const timely = alerts.filter(
    ({ offsetSeconds }) => offsetSeconds === 0 || seconds(-offsetSeconds).getTime() >= reminder.createdAt.getTime(),
  );
  const late = dueAt.getTime() <= now.getTime();
  const chosen = timely.length === 0 ? [atTime] : late ? timely.slice(-1) : timely;
  const steps = [
    ...chosen.map(({ offsetSeconds, channelIds }) => ({
      step: `alert:${offsetSeconds}${suffix}`,
      dueAt: seconds(-offsetSeconds),
      channelIds,
    })),
    ...reminder.nag
      .map((after, index) => ({ step: `nag:${index + 1}${suffix}`, dueAt: seconds(after), channelIds: [] as string[] }))
      .filter(({ dueAt }) => dueAt.getTime() > now.getTime()),
  ];
  const planned = steps.flatMap(({ step, dueAt, channelIds }) => {
    const asked = channelIds.length > 0 ? channelIds : reminder.channelIds;
    const usable = asked.length > 0 ? channels.filter(({ id }) => asked.includes(id)) : channels;
    const targets = usable.length > 0 ? usable : channels.filter(({ type }) => type === "in_app");
    const from = Math.max(dueAt.getTime(), now.getTime());
    return targets.map((channel) => ({
      reminderId: reminder.id,
      occurrenceId: occurrence.id,
      channelId: channel.id,
      step,
      priority: reminder.priority,
      dueAt,
      nextAttemptAt: dueAt,
      expiresAt: new Date(from + reminder.misfireGraceSeconds * 1000),
      reminderVersion: reminder.version,
    }));
  });
  return [...new Map(planned.map((delivery) => [`${delivery.step} ${delivery.channelId}`, delivery])).values()];
}
