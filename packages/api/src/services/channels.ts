import {
  type Channel,
  createChannelRepository,
  createDeliveryRepository,
  createReminderRepository,
  databaseClock,
  newId,
  readClock,
  type UserTransaction,
} from "@mema/db";
import { AppError, badInput } from "@mema/shared";
import type { AsUser } from "../context.ts";
import { type ChannelView, channelView, closedCircuit, type DeliveryJob, type JobContext, type Verification } from "./channel-view.ts";
import type { DeliveryMessage } from "./delivery-message.ts";
import { createEmail, emailJob, noCode, verifyEmail } from "./emails.ts";
import { checkUrl, createWebhook, verifyWebhook, webhookJob } from "./webhooks.ts";

export const quietModes = ["defer", "drop", "bypass"] as const;

/** The job for one delivery. Throws PRECONDITION_FAILED when its secret cannot be opened or the server cannot send to this type. */
export function buildJob(
  { channel, message, now }: { channel: Channel; message: DeliveryMessage; now: Date },
  context: JobContext,
): DeliveryJob {
  switch (channel.type) {
    case "in_app":
    case "log":
      return { type: channel.type };
    case "webhook":
      return webhookJob(channel, message, now, context);
    case "email":
      return emailJob(channel, message, context);
    case "telegram":
    case "web_push":
      throw new AppError("PRECONDITION_FAILED", `Channels of type ${channel.type} cannot be sent to yet.`);
    default:
      return channel.type satisfies never;
  }
}

export type NewChannel =
  | { type: "webhook"; url: string; name?: string | undefined }
  | { type: "email"; address: string; name?: string | undefined }
  | { type: "log" | "in_app"; name?: string | undefined };

/**
 * Makes a channel. A webhook gets a secret, shown once, and is asked at once whether it accepts a signed message; to an e-mail address a
 * code is sent.
 */
export async function createChannel(
  asUser: AsUser,
  input: NewChannel,
  context: JobContext,
  signal: AbortSignal,
): Promise<{ channel: ChannelView; secret?: string; verification?: Verification }> {
  switch (input.type) {
    case "webhook":
      return createWebhook(asUser, input, context, signal);
    case "email":
      return createEmail(asUser, input, context, signal);
    default:
      return { channel: await asUser((tx, record) => createPlain(tx, input, record)) };
  }
}

async function createPlain(
  tx: UserTransaction,
  { type, name }: { type: "log" | "in_app"; name?: string | undefined },
  record: (type: string, payload: Record<string, unknown>) => void,
): Promise<ChannelView> {
  const repository = createChannelRepository(tx);
  if (type === "in_app") return channelView(await repository.ensureInApp());
  const channel = await repository.create({ type, name: name ?? "Log", verifiedAt: await readClock(tx, databaseClock) });
  record("channel.created", { channelId: channel.id });
  return channelView(channel);
}

/**
 * Asks a webhook again whether it accepts signed messages; compares the code that an e-mail address got, or sends it a new one where none is
 * given. No transaction is open while anything is sent.
 */
export async function verifyChannel(
  asUser: AsUser,
  { id, code }: { id: string; code?: string | undefined },
  context: JobContext,
  signal: AbortSignal,
): Promise<Verification> {
  const channel = await asUser((tx) => createChannelRepository(tx).getById(id), { readOnly: true });
  if (code !== undefined && channel.type !== "email") throw badInput("code", `a channel of type ${channel.type} takes none: leave it out`);
  switch (channel.type) {
    case "webhook":
      return verifyWebhook(asUser, channel, context, signal);
    case "email":
      return verifyEmail(asUser, channel, code, context, signal);
    default:
      return { verified: true };
  }
}

/** Renames, silences, moves or disables a channel. One with a new address has to be verified again. */
export async function updateChannel(
  tx: UserTransaction,
  id: string,
  version: number,
  changes: {
    name?: string | undefined;
    url?: string | undefined;
    address?: string | undefined;
    quiet?: (typeof quietModes)[number] | undefined;
    disabled?: boolean | undefined;
  },
  context: JobContext,
): Promise<ChannelView> {
  const repository = createChannelRepository(tx);
  const before = await repository.getById(id);
  const { name, url, address, quiet, disabled } = changes;
  if (url !== undefined && before.type !== "webhook") throw badInput("url", `a channel of type ${before.type} has none`);
  if (address !== undefined && before.type !== "email") throw badInput("address", `a channel of type ${before.type} has none`);
  if (url !== undefined) checkUrl(url, context);
  const moved = (url !== undefined && url !== before.config["url"]) || (address !== undefined && address !== before.config["address"]);
  const state =
    disabled === true
      ? { disabledAt: await readClock(tx, databaseClock), disabledReason: "disabled_by_user" }
      : { disabledAt: null, disabledReason: null, ...closedCircuit };
  const after = await repository.update(id, version, {
    ...(name === undefined ? {} : { name }),
    config: {
      ...before.config,
      ...(url === undefined ? {} : { url }),
      ...(address === undefined ? {} : { address }),
      ...(quiet === undefined ? {} : { quiet }),
    },
    ...(moved ? { verifiedAt: null, ...noCode, ...closedCircuit } : {}),
    ...(disabled === undefined ? {} : state),
  });
  return channelView(after);
}

/** Queues a test message, delivered like a reminder: by the worker, with attempts to look at. Returns the delivery's id. */
export async function testChannel(tx: UserTransaction, id: string): Promise<{ deliveryId: string }> {
  const channel = await createChannelRepository(tx).getById(id);
  if (channel.disabledAt !== null)
    throw new AppError("PRECONDITION_FAILED", `The channel is disabled (${channel.disabledReason ?? "no reason"}): enable it first.`);
  // Nobody gets messages who has not agreed to them.
  if (channel.verifiedAt === null) throw new AppError("PRECONDITION_FAILED", "The channel is not verified yet: channels.verify does that.");
  const now = await readClock(tx, databaseClock);
  const deliveryId = newId();
  const expiresAt = new Date(now.getTime() + 10 * 60_000);
  const row = {
    id: deliveryId,
    channelId: id,
    step: `test:${deliveryId}`,
    priority: "urgent" as const,
    dueAt: now,
    nextAttemptAt: now,
    expiresAt,
  };
  await createDeliveryRepository(tx).enqueue([row]);
  tx.signal("due");
  return { deliveryId };
}

/** Removes a channel with the deliveries that went to it. What waits for it goes to the inbox, unless it goes elsewhere as well. */
export async function deleteChannel(tx: UserTransaction, id: string): Promise<void> {
  const [channels, deliveries] = [createChannelRepository(tx), createDeliveryRepository(tx)];
  const reminderIds = (await deliveries.listOpen({ channelId: id })).flatMap(({ reminderId }) => reminderId ?? []);
  // Nothing of these reminders ends meanwhile: what waits for this channel alone is known.
  await createReminderRepository(tx).lockAll(reminderIds);
  const open = await deliveries.listOpen({ reminderIds });
  const elsewhere = new Set(open.flatMap(({ channelId, occurrenceId }) => (channelId === id ? [] : occurrenceId)));
  const left = open.filter(({ channelId, occurrenceId }) => channelId === id && !elsewhere.has(occurrenceId));
  await channels.delete(id);
  const inbox = await channels.ensureInApp();
  await deliveries.enqueue(
    left.map(({ reminderId, occurrenceId, step, priority, dueAt, expiresAt, reminderVersion }) => {
      const time = { dueAt, nextAttemptAt: dueAt, expiresAt };
      return { reminderId, occurrenceId, channelId: inbox.id, step, priority, reminderVersion, ...time };
    }),
  );
  if (left.length > 0) tx.signal("due");
}
