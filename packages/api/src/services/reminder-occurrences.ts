import {
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  type DbClock,
  effectiveAt,
  type Reminder,
  type ReminderOccurrence,
  unedited,
  type UserTransaction,
} from "@mema/db";
import { AppError, badInput, occurrences, resolveLocal, toLocal } from "@mema/shared";
import { deliveriesFor, usableChannels } from "./expansion.ts";
import { openChange, recordChange } from "./reminder-changes.ts";
import { cursorAt, longestLead, nextFrom, scheduleOf } from "./reminder-plan.ts";
import { type ReminderView, userNow, type UserNow, viewReminder } from "./reminder-view.ts";

const maxYearsAhead = 10;

/** What one occurrence is to have instead of what its reminder says: null takes it back, undefined leaves it. */
export interface OccurrenceEditInput {
  id: string;
  version: number;
  /** Which one: the instant that the rule gives it (RFC 5545's RECURRENCE-ID); the next one when not given. */
  occurrenceAt?: Date | undefined;
  /** Another time: a wall clock, in the reminder's zone unless told. */
  at?: { local: string; tz?: string | undefined } | null | undefined;
  title?: string | null | undefined;
  notes?: string | null | undefined;
}

/**
 * Edits one occurrence and leaves the rule as it is: another time, title or notes for this once. It keeps them through edits of the
 * reminder whose rule still has the occurrence. Throws CONFLICT when `version` is not the current one, BAD_REQUEST for an instant that is
 * no coming occurrence or a new time in the past, PRECONDITION_FAILED when the occurrence has fired or was answered.
 */
export async function updateOccurrence(
  tx: UserTransaction,
  { id, version, occurrenceAt, at: moveTo, title, notes }: OccurrenceEditInput,
  clock: DbClock = databaseClock,
): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const change = await openChange(tx, { id, version }, ["active"], at);
  const { reminder } = change;
  const target = await occurrenceToEdit(tx, reminder, occurrenceAt, at);
  const tz = reminder.tz ?? at.userZone;
  const recurrenceLocal = target.recurrenceLocal ?? toLocal(target.occurrenceAt, tz);
  const edited: ReminderOccurrence = {
    ...target,
    recurrenceLocal,
    ...(moveTo === undefined ? {} : moveTo === null ? unmoved(target, reminder, at) : moved(moveTo, tz, at.now)),
    ...(title === undefined ? {} : { title }),
    ...(notes === undefined ? {} : { notes }),
  };
  if (edited.movedToAt === null && edited.title === null && edited.notes === null) edited.recurrenceLocal = null;
  await saveEdited(tx, reminder, edited, at);
  await createReminderRepository(tx).advance(id, { nextOccurrenceAt: await firstRuleInstant(tx, id) });
  await createDeliveryRepository(tx).follow(id, { priority: reminder.priority, reminderVersion: reminder.version });
  await recordChange(tx, change, "occurrence_updated", at.now, target.id);
  tx.signal("due");
  return viewReminder(tx, id, at);
}

/**
 * Puts occurrences that were edited alone back into the plan of a reminder whose rule or zone may have changed: each whose wall clock the
 * rule still has, and whose time is still to come; the others are cancelled.
 */
export async function restoreEdited(
  tx: UserTransaction,
  reminder: Reminder,
  edited: readonly ReminderOccurrence[],
  at: UserNow,
): Promise<void> {
  const repository = createOccurrenceRepository(tx);
  const schedule = scheduleOf(reminder, at.userZone);
  for (const occurrence of edited) {
    const occurrenceAt = resolveLocal(occurrence.recurrenceLocal ?? "", schedule.tz).at;
    const movedToAt = occurrence.movedToLocal === null ? null : resolveLocal(occurrence.movedToLocal, schedule.tz).at;
    const inRule = occurrences(schedule, { from: occurrenceAt, to: occurrenceAt, limit: 1 }).length === 1;
    const there = await repository.findAt(reminder.id, occurrenceAt);
    const free = there === null || there.id === occurrence.id;
    const kept = { ...occurrence, occurrenceAt, movedToAt, status: "upcoming" as const };
    if (inRule && free && effectiveAt(kept).getTime() > at.now.getTime()) await saveEdited(tx, reminder, kept, at);
    else await repository.update([occurrence.id], { status: "cancelled", ...unedited });
  }
}

/** The first occurrence of the rule after `now` that its user has not answered ahead of its time. */
export async function nextUnanswered(tx: UserTransaction, reminder: Reminder, { now, userZone }: UserNow): Promise<Date | null> {
  const ahead = await createOccurrenceRepository(tx).ahead([reminder.id], now);
  const answered = new Set(
    ahead.filter(({ status }) => status !== "cancelled" && status !== "upcoming").map(({ occurrenceAt }) => occurrenceAt.getTime()),
  );
  let next = nextFrom(reminder, userZone, now);
  while (next !== null && answered.has(next.getTime())) next = nextFrom(reminder, userZone, next);
  return next;
}

/** The first occurrence of the rule after `now`, which comes (again) even if its user has answered it ahead of its time. */
export async function nextReopened(tx: UserTransaction, reminder: Reminder, { now, userZone }: UserNow): Promise<Date | null> {
  const next = nextFrom(reminder, userZone, now);
  const repository = createOccurrenceRepository(tx);
  const there = next === null ? null : await repository.findAt(reminder.id, next);
  if (there !== null && there.status !== "upcoming") await repository.update([there.id], { status: "cancelled", ...unedited });
  return next;
}

/** The first instant of the rule that is no row yet: one that was moved alone may lie beyond the cursor. */
export async function firstUndecided(tx: UserTransaction, reminder: Reminder, userZone: string): Promise<Date | null> {
  const isDecided = async (at: Date) => {
    const row = await createOccurrenceRepository(tx).findAt(reminder.id, at);
    return row !== null && row.status !== "cancelled";
  };
  let at = reminder.expandFromAt;
  while (at !== null && (await isDecided(at))) at = reminder.repeatFrom === "completion" ? null : nextFrom(reminder, userZone, at);
  return at;
}

/** Makes the next occurrence of the rule a row before its time, without deliveries, and moves the cursor past it. */
export async function materialiseNext(tx: UserTransaction, reminder: Reminder, at: Date, userZone: string): Promise<ReminderOccurrence> {
  const made = await materialise(tx, reminder, at);
  const repository = createReminderRepository(tx);
  const lead = longestLead(await repository.alerts([reminder.id]));
  const following = reminder.repeatFrom === "completion" ? null : nextFrom(reminder, userZone, at);
  await repository.advance(reminder.id, cursorAt(following, lead));
  return made;
}

async function materialise(tx: UserTransaction, { id: reminderId }: Reminder, occurrenceAt: Date): Promise<ReminderOccurrence> {
  const [made] = await createOccurrenceRepository(tx).materialise([
    { reminderId, occurrenceAt, status: "upcoming", shiftedBySeconds: 0, missedBefore: 0 },
  ]);
  if (made === undefined) throw new AppError("CONFLICT", "The occurrence came due at this moment. Try again.");
  return made;
}

async function occurrenceToEdit(
  tx: UserTransaction,
  reminder: Reminder,
  asked: Date | undefined,
  { now, userZone }: UserNow,
): Promise<ReminderOccurrence> {
  const repository = createOccurrenceRepository(tx);
  const cursor = await firstUndecided(tx, reminder, userZone);
  const upcoming = (await repository.inStates(reminder.id, ["upcoming"])).findLast((row) => effectiveAt(row).getTime() > now.getTime());
  if (asked === undefined && upcoming !== undefined && (cursor === null || effectiveAt(upcoming).getTime() <= cursor.getTime())) {
    return upcoming;
  }
  const at = asked ?? cursor;
  if (at === null) throw new AppError("PRECONDITION_FAILED", "The reminder has no occurrence left to edit.");
  const row = await repository.findAt(reminder.id, at);
  if (row !== null && row.status !== "upcoming" && row.status !== "cancelled") {
    throw new AppError("PRECONDITION_FAILED", `The occurrence is ${row.status}: only one that is still to come can be edited alone.`);
  }
  if (row !== null && row.status === "upcoming" && effectiveAt(row).getTime() > now.getTime()) return row;
  const inRule =
    cursor !== null &&
    at.getTime() > now.getTime() &&
    at.getTime() >= cursor.getTime() &&
    (reminder.repeatFrom === "completion"
      ? at.getTime() === cursor.getTime()
      : occurrences(scheduleOf(reminder, userZone), { from: at, to: at, limit: 1 }).length === 1);
  if (!inRule) throw badInput("occurrenceAt", "is no coming occurrence of the reminder; give the occurrenceAt of one of its `upcoming`");
  return at.getTime() === cursor.getTime() ? materialiseNext(tx, reminder, at, userZone) : materialise(tx, reminder, at);
}

function moved({ local, tz }: { local: string; tz?: string | undefined }, ownZone: string, now: Date) {
  const { at, shiftedBySeconds } = resolveLocal(local, tz ?? ownZone, {}, ["at", "local"]);
  if (at.getTime() <= now.getTime()) throw badInput(["at", "local"], `${local} is in the past; give a future time`);
  if (at.getTime() - now.getTime() > maxYearsAhead * 366 * 86_400_000)
    throw badInput(["at", "local"], `must be within ${maxYearsAhead} years from now`, maxYearsAhead);
  return { movedToAt: at, movedToLocal: toLocal(at, ownZone), shiftedBySeconds };
}

function unmoved({ occurrenceAt }: ReminderOccurrence, reminder: Reminder, { now, userZone }: UserNow) {
  if (occurrenceAt.getTime() <= now.getTime()) throw badInput("at", "its own time is past; give a future time");
  const [own] = occurrences(scheduleOf(reminder, userZone), { from: occurrenceAt, to: occurrenceAt, limit: 1 });
  return { movedToAt: null, movedToLocal: null, shiftedBySeconds: own?.shiftedBySeconds ?? 0 };
}

/** Stores the occurrence and queues what has to be sent for it. Alerts whose moment is past already are left out. */
async function saveEdited(
  tx: UserTransaction,
  reminder: Reminder,
  { id, ...occurrence }: ReminderOccurrence,
  { now }: UserNow,
): Promise<void> {
  const { occurrenceAt, status, recurrenceLocal, movedToLocal, movedToAt, shiftedBySeconds, title, notes } = occurrence;
  const columns = { occurrenceAt, status, recurrenceLocal, movedToLocal, movedToAt, shiftedBySeconds, title, notes };
  await createOccurrenceRepository(tx).update([id], columns);
  const deliveries = createDeliveryRepository(tx);
  await deliveries.withdraw({ occurrenceIds: [id] }, "occurrence_edited");
  const [alerts, channels] = await Promise.all([createReminderRepository(tx).alerts([reminder.id]), usableChannels(tx)]);
  const timely = { ...reminder, createdAt: now };
  await deliveries.enqueue(deliveriesFor(timely, { id, occurrenceAt, movedToAt }, alerts, channels, now));
}

/** The first instant that the rule gives this reminder, decided already or not; what was moved is looked at where this is stored. */
async function firstRuleInstant(tx: UserTransaction, id: string): Promise<Date | null> {
  const { expandFromAt } = await createReminderRepository(tx).getById(id);
  const upcoming = await createOccurrenceRepository(tx).inStates(id, ["upcoming"]);
  const own = upcoming.filter(({ movedToAt }) => movedToAt === null).map(({ occurrenceAt }) => occurrenceAt.getTime());
  const first = Math.min(...own, expandFromAt?.getTime() ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? new Date(first) : null;
}
