import {
  createChannelRepository,
  createDeliveryRepository,
  createFactRepository,
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  type DbClock,
  effectiveAt,
  type Reminder,
  type UserTransaction,
} from "@mema/db";
import { AppError, badInput, occurrences, resolveLocal } from "@mema/shared";
import {
  alertRows,
  checkLead,
  anchoredLocal,
  behaviourColumns,
  hasTiming,
  type ReminderBehaviour,
  type ReminderInput,
  type ReminderTiming,
  resolveTiming,
} from "./reminder-definition.ts";
import { expandReminders } from "./expansion.ts";
import { openChange, recordChange, recordSystemChange } from "./reminder-changes.ts";
import { nextReopened, nextUnanswered, restoreEdited } from "./reminder-occurrences.ts";
import { cursorAt, longestLead, nextFrom, noCursor, presentTzdata, scheduleOf, timeOnTheDay } from "./reminder-plan.ts";
import { type Moment, momentIn, type ReminderView, userNow, viewReminder, viewReminders } from "./reminder-view.ts";

/**
 * Creates a reminder. The same `dedupeKey` as an active or paused reminder's returns that one instead. Throws BAD_REQUEST on the field
 * (several or no times, a past time, a rule that never fires, an unknown zone), NOT_FOUND for a channel, fact or entity of nobody's.
 */
export async function createReminder(
  tx: UserTransaction,
  input: ReminderInput,
  clock: DbClock = databaseClock,
): Promise<ReminderView & { deduplicated: boolean }> {
  const { now, userZone } = await userNow(tx, clock);
  const repository = createReminderRepository(tx);
  const timing = await resolveTiming(tx, input, userZone, now);
  await checkChannels(tx, input);
  const { title, notes, entityId, factId, sourceMessageId, dedupeKey } = input;
  const alerts = alertRows(input.alerts);
  checkLead(timing, alerts, userZone, now);
  const values = { ...timing, ...behaviourColumns(input), title, notes, entityId, factId, sourceMessageId, dedupeKey };
  const cursor = cursorAt(nextFrom(timing, userZone, now), longestLead(alerts));
  const created = await repository.create({ ...values, ...cursor, tzdataVersion: presentTzdata() }, alerts);
  const reminder = created ?? (await repository.findByDedupeKey(dedupeKey ?? ""));
  if (reminder === null) throw new AppError("CONFLICT", "A reminder with this dedupeKey ended at this moment. Try again.");
  tx.signal("due");
  const [view] = await viewReminders(tx, [reminder], userZone, now);
  if (view === undefined) throw new Error("the reminder has no view");
  return { ...view, deduplicated: created === null };
}

/** The occurrences that a definition would have, at most `limit`, without saving anything. Throws as `createReminder` does. */
export async function previewReminder(
  tx: UserTransaction,
  input: ReminderTiming & { limit: number },
  clock: DbClock = databaseClock,
): Promise<{ tz: string; occurrences: Moment[] }> {
  const { now, userZone } = await userNow(tx, clock);
  const { limit, ...timing } = input;
  const rule = await resolveTiming(tx, timing, userZone, now);
  const tz = rule.tz ?? userZone;
  const found = occurrences(scheduleOf(rule, userZone), { after: now, limit });
  return { tz, occurrences: found.map(({ at, shiftedBySeconds }) => momentIn(at, tz, now, shiftedBySeconds)) };
}

/**
 * Edits a reminder from now on. A change of time, channels or alerts withdraws what was planned and not fired; what has fired stays.
 * Throws CONFLICT when `version` is not the current one, PRECONDITION_FAILED when the reminder is over.
 */
export async function updateReminder(
  tx: UserTransaction,
  id: string,
  version: number,
  changes: Partial<Pick<ReminderInput, "title">> & { notes?: string | null | undefined } & ReminderTiming & ReminderBehaviour,
  clock: DbClock = databaseClock,
): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const { now, userZone } = at;
  await checkChannels(tx, changes);
  const timing = hasTiming(changes) ? await resolveTiming(tx, changes, userZone, now) : null;
  const replanned = timing !== null || changes.alerts !== undefined || changes.channelIds !== undefined || changes.nag !== undefined;
  const { title, notes } = changes;
  const content = { ...(title === undefined ? {} : { title }), ...(notes === undefined ? {} : { notes }) };
  const columns = { ...content, ...timing, ...behaviourColumns(changes) };
  // What is overdue and not looked at yet stays due, as the reminder was until now.
  if (replanned && timing === null) await expandReminders(tx, [id], clock);
  const change = await openChange(tx, { id, version }, ["active", "paused"], at, columns);
  const after = change.reminder;
  const repository = createReminderRepository(tx);
  if (changes.alerts !== undefined) await repository.replaceAlerts(id, alertRows(changes.alerts));
  if (replanned) checkLead(after, await repository.alerts([id]), userZone, now);
  await createDeliveryRepository(tx).follow(id, { priority: after.priority, reminderVersion: after.version });
  if (replanned) await replan(tx, after, userZone, now, timing === null ? "edited" : "moved");
  await recordChange(tx, change, "updated", now);
  tx.signal("due");
  return viewReminder(tx, id, at);
}

/**
 * Withdraws what is planned of a reminder and plans anew from `now`. Moved: also what is due and has not fired, and what still waits of
 * earlier occurrences; else the due ones stay. The row must be locked.
 */
export async function replan(
  tx: UserTransaction,
  reminder: Reminder,
  userZone: string,
  now: Date,
  why: "moved" | "edited",
): Promise<Reminder> {
  const repository = createReminderRepository(tx);
  const occurrenceRepository = createOccurrenceRepository(tx);
  const planned = await occurrenceRepository.inStates(reminder.id, why === "moved" ? ["upcoming", "due", "snoozed"] : ["upcoming"]);
  const open = planned.filter((occurrence) => why === "moved" || effectiveAt(occurrence).getTime() > now.getTime());
  const ids = open.map(({ id }) => id);
  await occurrenceRepository.update(ids, { status: "cancelled" });
  await createDeliveryRepository(tx).withdraw(why === "moved" ? { reminderId: reminder.id } : { occurrenceIds: ids }, `reminder_${why}`);
  const lead = longestLead(await repository.alerts([reminder.id]));
  const awaitsCompletion = reminder.repeatFrom === "completion" && why === "edited" && reminder.expandFromAt === null && ids.length === 0;
  const first = why === "moved" ? nextReopened : nextUnanswered;
  const next = awaitsCompletion ? null : await first(tx, reminder, { now, userZone });
  const cursor = reminder.status === "active" ? cursorAt(next, lead) : { ...cursorAt(next, lead), nextWakeAt: null };
  await repository.advance(reminder.id, cursor);
  const edited = open.filter(({ recurrenceLocal, status }) => recurrenceLocal !== null && status === "upcoming");
  await restoreEdited(tx, reminder, edited, { now, userZone });
  return { ...reminder, ...cursor };
}

/**
 * Moves every reminder that hangs on a fact to the fact's present date, at its old time of day, in the caller's transaction. A fact that
 * is outdated or has no date any more cancels them; a date whose reminder would lie in the past leaves them expired. Returns their ids.
 */
export async function reanchorReminders(tx: UserTransaction, factId: string, clock: DbClock = databaseClock): Promise<string[]> {
  const repository = createReminderRepository(tx);
  const anchored = await repository.anchoredTo(factId);
  if (anchored.length === 0) return [];
  const { now, userZone } = await userNow(tx, clock);
  const fact = await createFactRepository(tx).getById(factId);
  for (const reminder of anchored) {
    if (fact.status === "outdated" || fact.eventDate === null) {
      await endReminder(tx, reminder, "cancelled", fact.status === "outdated" ? "anchor_fact_outdated" : "anchor_fact_without_date");
      await recordSystemChange(tx, reminder, "moved_with_fact", now);
      continue;
    }
    if (fact.eventDate === reminder.anchorDate) continue;
    const offset = reminder.anchorOffset ?? "P0D";
    const anchor = { date: fact.eventDate, offset, time: timeOnTheDay(reminder.dtstartLocal, offset) };
    // A yearly one counts on from the year in which it began.
    const dtstartLocal = anchoredLocal(anchor, reminder.rrule === null ? null : `${reminder.dtstartLocal.slice(0, 4)}-01-01T00:00:00`);
    const moved = await repository.update(reminder.id, reminder.version, { dtstartLocal, anchorDate: fact.eventDate });
    const replanned = await replan(tx, moved, userZone, now, "moved");
    await recordSystemChange(tx, moved, "moved_with_fact", now);
    if (replanned.nextOccurrenceAt === null) await endReminder(tx, replanned, "expired", "anchor_fact_in_past");
  }
  tx.signal("due");
  return anchored.map(({ id }) => id);
}

/**
 * Plans the reminders `ids`, which follow the user's zone, anew after it was changed. What is due stays due. Call it in the transaction of
 * the change.
 */
export async function rezoneReminders(tx: UserTransaction, ids: readonly string[], clock: DbClock): Promise<void> {
  if (ids.length === 0) return;
  const { now, userZone } = await userNow(tx, clock);
  for (const reminder of await createReminderRepository(tx).lockAll(ids)) {
    const { nextOccurrenceAt, expandFromAt, status } = reminder;
    // Its last occurrence is due, or has fired and waits for an answer: nothing is left to move.
    const last = nextOccurrenceAt === null || (expandFromAt === null && nextOccurrenceAt.getTime() <= now.getTime());
    if (last || (status !== "active" && status !== "paused")) continue;
    const replanned = await replan(tx, reminder, userZone, now, "edited");
    if (replanned.nextOccurrenceAt === null && reminder.repeatFrom === "schedule") await fireMissedMove(tx, reminder, userZone, now);
  }
  tx.signal("due");
}

/** The new zone's clock has passed a one-time reminder already: it fires now instead of being lost. */
async function fireMissedMove(tx: UserTransaction, reminder: Reminder, userZone: string, now: Date): Promise<void> {
  if (reminder.kind !== "once") return;
  const { at } = resolveLocal(reminder.dtstartLocal, userZone);
  await createReminderRepository(tx).advance(reminder.id, {
    nextOccurrenceAt: at,
    expandFromAt: at,
    nextWakeAt: reminder.status === "active" ? now : null,
  });
}

/** Takes a reminder out of action: nothing that is planned or waits is sent. */
export async function endReminder(
  tx: UserTransaction,
  reminder: Pick<Reminder, "id">,
  status: "cancelled" | "completed" | "expired" | "paused" | "error",
  reason: string,
): Promise<void> {
  const occurrenceRepository = createOccurrenceRepository(tx);
  const open = await occurrenceRepository.inStates(reminder.id, ["upcoming", "due", "snoozed"]);
  await occurrenceRepository.update(
    open.map(({ id }) => id),
    { status: "cancelled" },
  );
  await createDeliveryRepository(tx).withdraw({ reminderId: reminder.id }, `reminder_${status}`);
  await createReminderRepository(tx).advance(reminder.id, { status, statusReason: reason, ...noCursor });
}

async function checkChannels(tx: UserTransaction, { channelIds = [], alerts = [] }: ReminderBehaviour): Promise<void> {
  const asked = [...new Set([...channelIds, ...alerts.flatMap((alert) => alert.channelIds ?? [])])];
  if (asked.length === 0) return;
  const known = new Map((await createChannelRepository(tx).findMany(asked)).map((channel) => [channel.id, channel]));
  for (const id of asked) {
    const channel = known.get(id.toLowerCase());
    if (channel === undefined)
      throw new AppError("NOT_FOUND", `Channel not found`, { issues: [{ path: ["channelIds"], message: `no channel ${id}` }] });
    if (channel.verifiedAt === null) throw badInput("channelIds", `channel ${id} is not verified yet; call channels.verify first`);
    if (channel.disabledAt !== null) throw badInput("channelIds", `channel ${id} is disabled; enable it with channels.update first`);
  }
}
