import {
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  createWorkerLeaseRepository,
  databaseClock,
  type Db,
  type DbClock,
  type Reminder,
  type UserTransaction,
  withUser,
  withWorker,
} from "@mema/db";
import { nextOccurrence, occurrences, type Schedule } from "@mema/shared";
import { restoreEdited } from "./reminder-occurrences.ts";
import { cursorAt, longestLead, presentTzdata, scheduleOf } from "./reminder-plan.ts";
import { userNow, type UserNow } from "./reminder-view.ts";

const usersAtOnce = 100;
const remindersAtOnce = 100;
/** No new rule of a zone moves a wall clock further. */
const marginMs = 26 * 3_600_000;

/**
 * Computes the coming occurrences of every active or paused reminder anew that was computed with another tz database, in small
 * transactions as each user. Each carries its version: whatever ends this, the next start goes on, and once it is done it finds nothing.
 */
export async function recomputeZones(
  db: Db,
  { tzdata = presentTzdata(), signal }: { tzdata?: string; signal?: AbortSignal } = {},
  clock: DbClock = databaseClock,
): Promise<{ users: number; reminders: number; moved: number }> {
  const done = { users: 0, reminders: 0, moved: 0 };
  const stopped = () => signal?.aborted === true;
  for (let after: string | null = null; !stopped();) {
    const request = { tzdata, after, limit: usersAtOnce };
    const users: string[] = await withWorker(db, (tx) => createWorkerLeaseRepository(tx).usersOfOtherTzdata(request), { readOnly: true });
    for (const userId of users) {
      for (let size = remindersAtOnce; size === remindersAtOnce && !stopped();) {
        const batch = await withUser(db, userId, (tx) => recomputeBatch(tx, tzdata, clock));
        size = batch.reminders;
        done.reminders += batch.reminders;
        done.moved += batch.moved;
      }
      done.users += 1;
    }
    after = users.at(-1) ?? null;
    if (users.length < usersAtOnce) break;
  }
  return done;
}

async function recomputeBatch(tx: UserTransaction, tzdata: string, clock: DbClock): Promise<{ reminders: number; moved: number }> {
  const repository = createReminderRepository(tx);
  const reminders = await repository.ofOtherTzdata(tzdata, remindersAtOnce);
  if (reminders.length === 0) return { reminders: 0, moved: 0 };
  const at = await userNow(tx, clock);
  let moved = 0;
  for (const reminder of reminders) if (await recompute(tx, reminder, at)) moved += 1;
  await repository.stampTzdata(
    reminders.map(({ id }) => id),
    tzdata,
  );
  if (moved > 0) tx.signal("due");
  return { reminders: reminders.length, moved };
}

/** Moves what is still to come to where its wall clock is now; what is due already stays due. Returns whether anything moved. */
async function recompute(tx: UserTransaction, reminder: Reminder, at: UserNow): Promise<boolean> {
  const elapsed = reminder.kind === "interval" && reminder.repeatFrom === "completion";
  if (elapsed || reminder.status !== "active") return false;
  const schedule = scheduleOf(reminder, at.userZone);
  const repository = createOccurrenceRepository(tx);
  const upcoming = (await repository.inStates(reminder.id, ["upcoming"])).toReversed();
  const edited = upcoming.filter(({ recurrenceLocal }) => recurrenceLocal !== null);
  const planned = upcoming.filter(
    ({ recurrenceLocal, occurrenceAt }) => recurrenceLocal === null && occurrenceAt.getTime() > at.now.getTime(),
  );
  const instants = [...planned.map(({ occurrenceAt }) => occurrenceAt), ...(reminder.expandFromAt === null ? [] : [reminder.expandFromAt])];
  const [first] = instants;
  const stays = instants.every((instant) => nearest(schedule, instant)?.getTime() === instant.getTime());
  if (first !== undefined && !stays) {
    const ids = planned.map(({ id }) => id);
    await repository.update(ids, { status: "cancelled" });
    if (ids.length > 0) await createDeliveryRepository(tx).withdraw({ occurrenceIds: ids }, "clock_rules_changed");
    const reminders = createReminderRepository(tx);
    await reminders.advance(reminder.id, cursorAt(nearest(schedule, first), longestLead(await reminders.alerts([reminder.id]))));
  }
  await restoreEdited(tx, reminder, edited, at);
  return !stays || edited.length > 0;
}

/** The occurrence that an instant, computed by other rules of its zone, stands for: the nearest one. */
function nearest(schedule: Schedule, instant: Date): Date | null {
  const time = instant.getTime();
  const around = occurrences(schedule, { from: new Date(time - marginMs), to: new Date(time + marginMs), limit: 1000 });
  const distance = ({ at }: { at: Date }) => Math.abs(at.getTime() - time);
  const [found] = around.toSorted((a, b) => distance(a) - distance(b));
  return (found ?? nextOccurrence(schedule, instant))?.at ?? null;
}
