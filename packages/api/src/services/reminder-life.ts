import {
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  type DbClock,
  effectiveAt,
  type ReminderOccurrence,
  type UserTransaction,
} from "@mema/db";
import { addDuration, AppError, badInput, type OccurrenceStatus, parseReminder, resolveLocal } from "@mema/shared";
import { deliveriesFor, usableChannels } from "./expansion.ts";
import { openChange, type OpenChange, recordChange } from "./reminder-changes.ts";
import { firstUndecided, materialiseNext } from "./reminder-occurrences.ts";
import { cursorAt, longestLead, nextAfterCompletion } from "./reminder-plan.ts";
import { keepAlso, type Snapshot } from "./reminder-snapshot.ts";
import { type ReminderView, userNow, type UserNow, viewReminder } from "./reminder-view.ts";
import { endReminder } from "./reminders.ts";

export const snoozePresets = ["10m", "1h", "3h", "this_evening", "tomorrow", "next_week"] as const;
export type SnoozePreset = (typeof snoozePresets)[number];

/** How long: an ISO 8601 duration, a wall clock (the user's zone unless told), a preset, or plain English. */
export type SnoozeFor =
  | { for: string }
  | { text: string }
  | { until: { local: string; tz?: string | undefined } }
  | { preset: SnoozePreset };

interface LifeInput {
  id: string;
  /** Which occurrence; the one that an early alert told of, else the one that fired last, else the next one. */
  occurrenceId?: string | undefined;
  version?: number | undefined;
}

/** Fires an occurrence again later. The schedule stays as it is. Throws BAD_REQUEST when the moment is past or more than a year away. */
export async function snoozeReminder(
  tx: UserTransaction,
  input: LifeInput,
  length: SnoozeFor,
  clock: DbClock = databaseClock,
): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const until = snoozeEnd(length, at);
  const change = await openChange(tx, input, ["active", "completed", "expired"], at);
  const { reminder } = change;
  const states: OccurrenceStatus[] = ["fired", "due", "snoozed", "acknowledged", "missed", "upcoming"];
  const { occurrence, before } = await takeOccurrence(tx, change, input.occurrenceId, states, at);
  const deliveries = createDeliveryRepository(tx);
  await deliveries.withdraw({ occurrenceIds: [occurrence.id] }, "snoozed");
  await createOccurrenceRepository(tx).update([occurrence.id], { status: "snoozed", snoozedUntil: until });
  const channels = await usableChannels(tx);
  const planned = deliveriesFor({ ...reminder, nag: [] }, { ...occurrence, occurrenceAt: until, movedToAt: null }, [], channels, at.now);
  await deliveries.enqueue(planned.map((delivery) => ({ ...delivery, step: `snooze:${until.toISOString()}` })));
  if (reminder.status !== "active") await createReminderRepository(tx).advance(reminder.id, { status: "active", statusReason: null });
  await recordChange(tx, { reminder, before }, "snoozed", at.now, occurrence.id);
  tx.signal("due");
  return viewReminder(tx, reminder.id, at);
}

/** Ends an occurrence as done: nothing more of it is sent. One that repeats from completion gets its next occurrence from now. */
export async function completeReminder(tx: UserTransaction, input: LifeInput, clock: DbClock = databaseClock): Promise<ReminderView> {
  return settleOccurrence(tx, input, "completed", clock);
}

/** Ends an occurrence as seen, also after an early alert of it: nothing more of it is sent, neither at its time nor as a nag. */
export async function acknowledgeReminder(tx: UserTransaction, input: LifeInput, clock: DbClock = databaseClock): Promise<ReminderView> {
  return settleOccurrence(tx, input, "acknowledged", clock);
}

/** Leaves out one occurrence: the next one, unless another is named. */
export async function skipOccurrence(tx: UserTransaction, input: LifeInput, clock: DbClock = databaseClock): Promise<ReminderView> {
  return settleOccurrence(tx, input, "skipped", clock);
}

/** Ends a reminder for good. */
export async function cancelReminder(tx: UserTransaction, input: LifeInput, clock: DbClock = databaseClock): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const change = await openChange(tx, input, ["active", "paused", "expired", "error", "completed"], at);
  const { reminder } = change;
  await endReminder(tx, reminder, "cancelled", "cancelled_by_user");
  await recordChange(tx, change, "cancelled", at.now);
  return viewReminder(tx, reminder.id, at);
}

/** Silences a reminder until it is resumed. What falls due meanwhile is skipped. */
export async function pauseReminder(tx: UserTransaction, input: LifeInput, clock: DbClock = databaseClock): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const change = await openChange(tx, input, ["active"], at);
  const { reminder } = change;
  await endReminder(tx, reminder, "paused", "paused_by_user");
  await recordChange(tx, change, "paused", at.now);
  return viewReminder(tx, reminder.id, at);
}

async function settleOccurrence(
  tx: UserTransaction,
  input: LifeInput,
  status: Extract<OccurrenceStatus, "completed" | "acknowledged" | "skipped">,
  clock: DbClock,
): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const change = await openChange(tx, input, ["active", "completed", "expired"], at);
  const { reminder } = change;
  const answered: OccurrenceStatus[] = ["fired", "due", "snoozed", "missed", "acknowledged"];
  const candidates: OccurrenceStatus[] =
    status === "skipped" ? ["upcoming"] : status === "acknowledged" ? answered : [...answered, "upcoming"];
  const { occurrence, before } = await takeOccurrence(tx, change, input.occurrenceId, candidates, at);
  await createOccurrenceRepository(tx).update([occurrence.id], { status, snoozedUntil: null, acknowledgedAt: at.now });
  await createDeliveryRepository(tx).withdraw({ occurrenceIds: [occurrence.id] }, status);
  await moveOn(tx, reminder.id, status, at);
  await recordChange(tx, { reminder, before }, status, at.now, occurrence.id);
  tx.signal("due");
  return viewReminder(tx, reminder.id, at);
}

/** After an occurrence was settled: the next one, or the end of the reminder. */
async function moveOn(
  tx: UserTransaction,
  id: string,
  status: "completed" | "acknowledged" | "skipped",
  { now, userZone }: UserNow,
): Promise<void> {
  const repository = createReminderRepository(tx);
  const reminder = await repository.getById(id);
  if (reminder.status !== "active") return;
  if (reminder.repeatFrom === "completion" && reminder.expandFromAt === null && status !== "acknowledged") {
    const next = nextAfterCompletion(reminder, userZone, now);
    if (next !== null) return repository.advance(id, cursorAt(next, longestLead(await repository.alerts([id]))));
  }
  const open = await createOccurrenceRepository(tx).inStates(id, ["upcoming", "due", "snoozed"]);
  const upcoming = open.findLast(({ status: state }) => state === "upcoming");
  const nextOccurrenceAt = sooner(upcoming === undefined ? null : effectiveAt(upcoming), reminder.expandFromAt);
  const awaitsCompletion = reminder.repeatFrom === "completion" && status === "acknowledged";
  const goesOn = reminder.expandFromAt !== null || open.length > 0 || awaitsCompletion;
  // An earlier occurrence may still nag; what is being sent and was withdrawn does not count.
  const left = (await createDeliveryRepository(tx).listOpen({ reminderIds: [id] })).filter(({ expiresAt }) => expiresAt > now);
  if (goesOn || left.length > 0) return repository.advance(id, { nextOccurrenceAt });
  await repository.advance(id, { status: "completed", statusReason: `${status}_by_user`, nextOccurrenceAt: null });
}

/** The earlier of two instants. */
const sooner = (a: Date | null, b: Date | null): Date | null => (a === null || (b !== null && b.getTime() < a.getTime()) ? b : a);

/**
 * The named occurrence; else the one that waits for an answer, or the next one: when only the rule knows that yet, it becomes a row. Also
 * what undo has to put back.
 */
async function takeOccurrence(
  tx: UserTransaction,
  { reminder, before }: OpenChange,
  occurrenceId: string | undefined,
  states: OccurrenceStatus[],
  { now, userZone }: UserNow,
): Promise<{ occurrence: ReminderOccurrence; before: Snapshot }> {
  const repository = createOccurrenceRepository(tx);
  const known = await repository.inStates(reminder.id, [...new Set<OccurrenceStatus>([...states, "upcoming"])]);
  const announced = await repository.announced(reminder.id);
  const passed = (row: ReminderOccurrence) => row.status === "upcoming" && effectiveAt(row).getTime() <= now.getTime();
  // What an early alert has told of can be answered like what has fired.
  const isTold = ({ id, status }: ReminderOccurrence) => status === "upcoming" && announced.some((row) => row.id === id);
  const rows = known
    .map((row) => (passed(row) ? { ...row, status: "due" as const } : row))
    .filter((row) => states.includes(row.status) || isTold(row));
  const take = (occurrence: ReminderOccurrence) => ({ occurrence, before: keepAlso(before, occurrence) });
  if (occurrenceId !== undefined) {
    const named = rows.find(({ id }) => id === occurrenceId.toLowerCase());
    if (named !== undefined) return take(named);
    const other = await repository.getById(occurrenceId);
    if (other.reminderId !== reminder.id) throw badInput("occurrenceId", "belongs to another reminder");
    throw new AppError("PRECONDITION_FAILED", `The occurrence is ${other.status}; this needs it to be ${states.join(" or ")}.`);
  }
  const told = rows.findLast(isTold);
  if (told !== undefined) return take(told);
  const unanswered = rows.find(({ status }) => status !== "upcoming" && status !== "acknowledged" && status !== "missed");
  if (unanswered !== undefined) return take(unanswered);
  const upcoming = rows.findLast(({ status }) => status === "upcoming");
  const planned = states.includes("upcoming") ? await firstUndecided(tx, reminder, userZone) : null;
  if (upcoming !== undefined && (planned === null || effectiveAt(upcoming).getTime() <= planned.getTime())) return take(upcoming);
  if (planned !== null) return { occurrence: await materialiseNext(tx, reminder, planned, userZone), before };
  const last = rows[0];
  if (last !== undefined) return take(last);
  throw new AppError("PRECONDITION_FAILED", `The reminder has no occurrence to do this with at ${now.toISOString()}.`);
}

function snoozeEnd(length: SnoozeFor, { now, userZone }: UserNow): Date {
  const until =
    "for" in length
      ? addDuration(now, length.for, userZone, "for")
      : "text" in length
        ? saidEnd(length.text, now, userZone)
        : "until" in length
          ? untilLocal(length.until, userZone)
          : presetEnd(length.preset, now, userZone);
  const path = "for" in length ? "for" : "text" in length ? "text" : "until" in length ? "until" : "preset";
  if (until.getTime() <= now.getTime()) throw badInput(path, "is in the past; give a later time");
  const limitDays = 366;
  if (until.getTime() - now.getTime() > limitDays * 86_400_000)
    throw badInput(path, `must be at most ${limitDays} days away; edit the reminder instead`, limitDays);
  return until;
}

/** "in 20 minutes", "until Monday", "tomorrow at 9". Throws BAD_REQUEST with the question that is open: nothing is guessed. */
function saidEnd(text: string, now: Date, timezone: string): Date {
  const said = text
    .trim()
    .replace(/^for\b/i, "in")
    .replace(/^(?:until|till)\s+/i, "");
  const { understood, question } = parseReminder(`to look again ${said}`, { now, timezone });
  if (understood === null) throw badInput("text", question ?? 'is not understood; say "in 20 minutes" or "tomorrow at 9"');
  if (understood.kind !== "once") throw badInput("text", "says several times; give one, such as tomorrow at 9");
  return understood.at;
}

const untilLocal = ({ local, tz }: { local: string; tz?: string | undefined }, userZone: string): Date =>
  resolveLocal(local, tz ?? userZone, {}, ["until", "local"]).at;

function presetEnd(preset: SnoozePreset, now: Date, tz: string): Date {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(tz).toPlainDate();
  const at = (date: Temporal.PlainDate, time: string) => resolveLocal(`${date.toString()}T${time}`, tz).at;
  switch (preset) {
    case "10m":
      return addDuration(now, "PT10M", tz);
    case "1h":
      return addDuration(now, "PT1H", tz);
    case "3h":
      return addDuration(now, "PT3H", tz);
    case "this_evening": {
      const evening = at(today, "18:00");
      return evening.getTime() > now.getTime() ? evening : at(today.add({ days: 1 }), "18:00");
    }
    case "tomorrow":
      return at(today.add({ days: 1 }), "09:00");
    case "next_week":
      return at(today.add({ days: 8 - today.dayOfWeek }), "09:00");
    default:
      return preset satisfies never;
  }
}
