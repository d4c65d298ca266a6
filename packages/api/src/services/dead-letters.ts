import {
  createChannelRepository,
  createDeliveryRepository,
  createEventRepository,
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  type Db,
  type DbClock,
  readClock,
  type ReminderDelivery,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { AppError } from "@mema/shared";

const againSeconds = 86_400;
const answered = ["completed", "skipped", "cancelled", "acknowledged"];

/**
 * Sends a failed, dead or unknown delivery again, for another day. A reminder that ended without it goes on until it is settled. Throws
 * PRECONDITION_FAILED when it is none of these, or when it would not be sent: the reminder was ended by its user, the channel is off.
 */
export async function replayDelivery(tx: UserTransaction, id: string, clock: DbClock = databaseClock): Promise<ReminderDelivery> {
  const deliveries = createDeliveryRepository(tx);
  const { reminderId, occurrenceId, channelId } = await deliveries.getById(id);
  const refuse = (why: string) => new AppError("PRECONDITION_FAILED", why);
  const reminder = reminderId === null ? null : await createReminderRepository(tx).lock(reminderId);
  const [channel, occurrence, now] = await Promise.all([
    createChannelRepository(tx).getById(channelId),
    occurrenceId === null ? null : createOccurrenceRepository(tx).getById(occurrenceId),
    readClock(tx, clock),
  ]);
  if (channel.disabledAt !== null) throw refuse(`The channel is disabled (${channel.disabledReason ?? "no reason"}): enable it first.`);
  if (channel.verifiedAt === null) throw refuse("The channel is not verified: channels.verify does that.");
  if (reminder !== null && !["active", "completed", "expired"].includes(reminder.status))
    throw refuse(`The reminder is ${reminder.status}: resume it first.`);
  if (occurrence !== null && answered.includes(occurrence.status))
    throw refuse(`The occurrence is ${occurrence.status}: nothing of it is sent any more.`);
  const expiresAt = new Date(now.getTime() + againSeconds * 1000);
  const delivery = await deliveries.replay(id, { nextAttemptAt: now, expiresAt });
  if (delivery === null) {
    const { status } = await deliveries.getById(id);
    throw refuse(`The delivery is ${status}: only failed, dead or unknown ones can be sent again.`);
  }
  if (reminder !== null && reminder.status !== "active") {
    await createReminderRepository(tx).advance(reminder.id, { status: "active", statusReason: null });
  }
  tx.signal("due");
  return delivery;
}

/**
 * The same for the operator, who knows ids only: each in a transaction of its own user. Returns how many are sent again and how many could
 * not be; which and why is the user's to see.
 */
export async function replayForOperator(
  db: Db,
  letters: readonly { userId: string; deliveryId: string }[],
): Promise<{ replayed: number; refused: number }> {
  const outcome = { replayed: 0, refused: 0 };
  for (const { userId, deliveryId } of letters) {
    try {
      await withUser(db, userId, async (tx) => {
        await replayDelivery(tx, deliveryId);
        await createEventRepository(tx).append([{ type: "reminder.delivery_replayed", payload: { deliveryId }, actor: "admin" }]);
        tx.signal("events", tx.userId);
      });
      outcome.replayed += 1;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcome.refused += 1;
    }
  }
  return outcome;
}
