import {
  createDeliveryRepository,
  createFactRepository,
  createOccurrenceRepository,
  createReminderChangeRepository,
  createReminderRepository,
  databaseClock,
  type DbClock,
  type Page,
  type PageRequest,
  readClock,
  type Reminder,
  type ReminderChange,
  type ReminderDelivery,
  unedited,
  type UserTransaction,
} from "@mema/db";
import { AppError, type ReminderAction } from "@mema/shared";
import { presentTzdata } from "./reminder-plan.ts";
import { readSnapshot } from "./reminder-snapshot.ts";
import { type ReminderView, userNow, viewReminder } from "./reminder-view.ts";
import { replan } from "./reminders.ts";

const undoableDays = 7;

/** One entry of a reminder's history. */
export interface ChangeView extends Pick<ReminderChange, "id" | "action" | "occurrenceId" | "changedAt" | "undoneAt"> {
  /** Until when undo takes it back, if nothing newer happens; null: it cannot. */
  undoableUntil: Date | null;
}

/** What was done with a reminder, the newest first. */
export async function listChanges(
  tx: UserTransaction,
  { id: reminderId, ...page }: PageRequest & { id: string },
  clock: DbClock = databaseClock,
): Promise<Page<ChangeView>> {
  const reminder = await createReminderRepository(tx).getById(reminderId);
  const now = await readClock(tx, clock);
  const { items, nextCursor } = await createReminderChangeRepository(tx).list({ ...page, filters: { reminderId } });
  const views: ChangeView[] = [];
  for (const change of items) {
    const undoable = change.before !== null && (await refusal(tx, reminder, change, now)) === null;
    views.push({ ...change, undoableUntil: undoable ? endOfUndo(change) : null });
  }
  return { items: views, nextCursor };
}

/**
 * Takes the last change of a reminder back, as if it had never been made: what came due in between fires now, as after a downtime.
 * For 7 days, as long as nothing newer happened: CONFLICT when it was changed again or something of it was sent since;
 * PRECONDITION_FAILED when there is nothing to undo.
 */
export async function undoLastChange(
  tx: UserTransaction,
  { id, version }: { id: string; version?: number | undefined },
  clock: DbClock = databaseClock,
): Promise<{ reminder: ReminderView; undone: ReminderAction }> {
  const at = await userNow(tx, clock);
  const repository = createReminderRepository(tx);
  const present = await repository.lock(id);
  const changes = createReminderChangeRepository(tx);
  const change = await changes.findLast(id);
  if (change === null || change.undoneAt !== null) throw new AppError("PRECONDITION_FAILED", "There is nothing to undo.");
  const refused = await refusal(tx, present, change, at.now);
  if (refused !== null) throw refused;
  const before = readSnapshot(change.before ?? {});
  const { nextOccurrenceAt, expandFromAt, nextWakeAt, ...definition } = before.reminder;
  await checkAnchor(tx, definition);
  const reminder = await repository.update(id, version ?? present.version, definition);
  await repository.replaceAlerts(id, before.alerts);
  const kept = new Set(before.occurrences.map((occurrence) => occurrence.id));
  await dropNewer(tx, id, kept, change.occurrenceId);
  if (before.zone === (reminder.tz ?? at.userZone) && before.tzdata === presentTzdata()) {
    await restore(tx, before.occurrences);
    await reviveDeliveries(tx, before.open, at.now);
    await repository.advance(id, { nextOccurrenceAt, expandFromAt, nextWakeAt });
  } else {
    // The zone's clock is another one now: the old instants do not follow from the rule any more.
    const answered = before.occurrences.filter(({ status }) => status !== "upcoming");
    await restore(tx, answered);
    if (reminder.status === "active" || reminder.status === "paused") await replan(tx, reminder, at.userZone, at.now, "edited");
  }
  await createDeliveryRepository(tx).follow(id, { priority: reminder.priority, reminderVersion: reminder.version });
  await changes.markUndone(change.id, at.now);
  tx.signal("due");
  return { reminder: await viewReminder(tx, id, at), undone: change.action };
}

const endOfUndo = ({ changedAt }: ReminderChange): Date => new Date(changedAt.getTime() + undoableDays * 86_400_000);

/** Why a change cannot be taken back; null: it can. */
async function refusal(tx: UserTransaction, reminder: Reminder, change: ReminderChange, now: Date): Promise<AppError | null> {
  if (change.reminderVersion !== reminder.version) {
    return new AppError("CONFLICT", "Something newer happened with the reminder: read it again and change it instead.");
  }
  if (change.before === null) {
    return new AppError("PRECONDITION_FAILED", "The last change cannot be undone: its fact moved it, or what it replaced was forgotten.");
  }
  if (endOfUndo(change).getTime() <= now.getTime()) {
    return new AppError("PRECONDITION_FAILED", `The last change is more than ${undoableDays} days old: it cannot be undone any more.`);
  }
  const deliveries = createDeliveryRepository(tx);
  const [since, open] = await Promise.all([
    deliveries.sentSince(reminder.id, change.changedAt),
    deliveries.listOpen({ reminderIds: [reminder.id] }),
  ]);
  const { sent } = readSnapshot(change.before);
  if (since.some((id) => !sent.includes(id)) || open.some(({ status, begunAt }) => status === "sending" && begunAt !== null)) {
    return new AppError("CONFLICT", "The reminder was sent since, or is being sent: change it instead.");
  }
  return null;
}

/** A reminder that hung on a fact can hang on it again only if the fact still holds as it was. */
async function checkAnchor(tx: UserTransaction, { anchorFactId, status }: Pick<Reminder, "anchorFactId" | "status">): Promise<void> {
  if (anchorFactId === null || (status !== "active" && status !== "paused")) return;
  const fact = await createFactRepository(tx).findById(anchorFactId);
  if (fact?.status === "active") return;
  throw new AppError("PRECONDITION_FAILED", "The fact that the reminder hung on has changed since: give the reminder a new time instead.");
}

/** Takes away what waits now and did not before the change. */
async function dropNewer(tx: UserTransaction, reminderId: string, kept: ReadonlySet<string>, subject: string | null): Promise<void> {
  const repository = createOccurrenceRepository(tx);
  const open = await repository.inStates(reminderId, ["upcoming", "due", "snoozed"]);
  const newer = [...open.map(({ id }) => id), ...(subject === null ? [] : [subject])].filter((id) => !kept.has(id));
  await repository.update(newer, { status: "cancelled", snoozedUntil: null, acknowledgedAt: null, ...unedited });
  await createDeliveryRepository(tx).withdraw({ reminderId }, "undone");
}

async function restore(tx: UserTransaction, occurrences: ReturnType<typeof readSnapshot>["occurrences"]): Promise<void> {
  const repository = createOccurrenceRepository(tx);
  for (const { id, ...columns } of occurrences) await repository.update([id], columns);
}

/** Of what is past, only the last step of each occurrence and channel is sent yet, and nothing that has expired. */
async function reviveDeliveries(tx: UserTransaction, ids: readonly string[], now: Date): Promise<void> {
  const repository = createDeliveryRepository(tx);
  const waiting = (await repository.findMany(ids)).filter(
    ({ status, expiresAt }) => status === "cancelled" && expiresAt.getTime() > now.getTime(),
  );
  const target = ({ occurrenceId, channelId }: ReminderDelivery) => `${occurrenceId ?? ""} ${channelId}`;
  const past = waiting.filter(({ dueAt }) => dueAt.getTime() <= now.getTime()).toSorted((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
  const last = new Map(past.map((delivery) => [target(delivery), delivery.id]));
  const revived = waiting.filter((delivery) => delivery.dueAt.getTime() > now.getTime() || last.get(target(delivery)) === delivery.id);
  await repository.revive(revived.map(({ id }) => id));
}
