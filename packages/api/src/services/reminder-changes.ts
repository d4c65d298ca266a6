import {
  createReminderChangeRepository,
  createReminderRepository,
  type Reminder,
  type ReminderChanges,
  type UserTransaction,
} from "@mema/db";
import { AppError, type ReminderAction } from "@mema/shared";
import { type Snapshot, takeSnapshot } from "./reminder-snapshot.ts";
import type { UserNow } from "./reminder-view.ts";

/** A change of a reminder that is under way: its row is locked and at the new version. */
export interface OpenChange {
  reminder: Reminder;
  before: Snapshot;
}

/**
 * Begins a change of a reminder by its user: locks the row, keeps what is there for undo, makes `changes` and counts the version up. Throws
 * PRECONDITION_FAILED when its status is none of `allowed`, CONFLICT when `version` is given and is not the current one.
 */
export async function openChange(
  tx: UserTransaction,
  { id, version }: { id: string; version?: number | undefined },
  allowed: readonly Reminder["status"][],
  at: UserNow,
  changes: ReminderChanges = {},
): Promise<OpenChange> {
  const repository = createReminderRepository(tx);
  const found = await repository.lock(id);
  if (!allowed.includes(found.status)) {
    throw new AppError("PRECONDITION_FAILED", `The reminder is ${found.status}; this needs it to be ${allowed.join(" or ")}.`);
  }
  const before = await takeSnapshot(tx, found, at);
  return { reminder: await repository.update(id, version ?? found.version, changes), before };
}

/** Ends a change: it is part of the reminder's history now, and what undo takes back. */
export async function recordChange(
  tx: UserTransaction,
  { reminder, before }: OpenChange,
  action: ReminderAction,
  changedAt: Date,
  occurrenceId: string | null = null,
): Promise<void> {
  const { id: reminderId, version: reminderVersion } = reminder;
  await createReminderChangeRepository(tx).record({ reminderId, occurrenceId, action, reminderVersion, changedAt, before });
}

/** What the system did with a reminder, which nobody takes back. */
export async function recordSystemChange(
  tx: UserTransaction,
  { id: reminderId, version: reminderVersion }: Reminder,
  action: ReminderAction,
  changedAt: Date,
): Promise<void> {
  await createReminderChangeRepository(tx).record({ reminderId, occurrenceId: null, action, reminderVersion, changedAt, before: null });
}
