import {
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  type DbClock,
  type Reminder,
  type UserTransaction,
} from "@mema/db";
import { AppError } from "@mema/shared";
import { openChange, type OpenChange, recordChange } from "./reminder-changes.ts";
import { checkLead, hasTiming, type ReminderTiming, resolveTiming } from "./reminder-definition.ts";
import { nextReopened, nextUnanswered, restoreEdited } from "./reminder-occurrences.ts";
import { cursorAt, longestLead } from "./reminder-plan.ts";
import { type ReminderView, userNow, type UserNow, viewReminder } from "./reminder-view.ts";
import { replan } from "./reminders.ts";

interface Target {
  id: string;
  version?: number | undefined;
}

const ended = ["completed", "cancelled", "expired", "error"] as const satisfies Reminder["status"][];
const active = { status: "active", statusReason: null } as const;

/**
 * Goes on with a paused reminder, or takes an ended one up again, from the next occurrence after now. Throws PRECONDITION_FAILED when there
 * is none, CONFLICT when another one has its dedupe key by now.
 */
export async function resumeReminder(tx: UserTransaction, input: Target, clock: DbClock = databaseClock): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const change = await openChange(tx, input, ["paused", ...ended], at);
  await goOn(tx, change, at);
  await recordChange(tx, change, "resumed", at.now);
  tx.signal("due");
  return viewReminder(tx, change.reminder.id, at);
}

/**
 * Takes an ended reminder up again: with a new time in place of its old one, or else by its rule, from now on. The rest of it stays. Throws
 * PRECONDITION_FAILED when it has not ended or its rule has nothing left, BAD_REQUEST on the field of a time that is refused, CONFLICT when
 * `version` is not the current one or another reminder has its dedupe key by now.
 */
export async function reopenReminder(
  tx: UserTransaction,
  { id, version, ...timing }: Target & ReminderTiming,
  clock: DbClock = databaseClock,
): Promise<ReminderView> {
  const at = await userNow(tx, clock);
  const { now, userZone } = at;
  const rule = hasTiming(timing) ? await resolveTiming(tx, timing, userZone, now) : null;
  const change = await openChange(tx, { id, version }, ended, at, rule === null ? {} : { ...rule, ...active, firedCount: 0 });
  if (rule === null) await goOn(tx, change, at);
  else {
    checkLead(rule, await createReminderRepository(tx).alerts([id]), userZone, now);
    await replan(tx, change.reminder, userZone, now, "moved");
  }
  await recordChange(tx, change, "reopened", now);
  tx.signal("due");
  return viewReminder(tx, id, at);
}

async function goOn(tx: UserTransaction, { reminder, before }: OpenChange, at: UserNow): Promise<void> {
  const wasCompleted = before.reminder.status === "completed";
  const next = wasCompleted ? await nextReopened(tx, reminder, at) : await nextUnanswered(tx, reminder, at);
  if (next === null) {
    throw new AppError(
      "PRECONDITION_FAILED",
      "The reminder has no occurrence left: give reminders.reopen a new time (in, at, rrule, every).",
    );
  }
  if (reminder.kind === "fact_relative" && reminder.anchorFactId === null) {
    throw new AppError("PRECONDITION_FAILED", "The fact that the reminder hung on is gone: give reminders.reopen a new time.");
  }
  const repository = createReminderRepository(tx);
  const lead = longestLead(await repository.alerts([reminder.id]));
  await repository.advance(reminder.id, { ...active, ...cursorAt(next, lead) });
  await restoreEdited(tx, reminder, await createOccurrenceRepository(tx).edited(reminder.id, ["cancelled"]), at);
}
