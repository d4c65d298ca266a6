import {
  type Channel,
  createChannelRepository,
  createDeliveryRepository,
  databaseClock,
  newId,
  openSecret,
  readClock,
  sealSecret,
  type UserTransaction,
} from "@mema/db";
import { AppError, badInput } from "@mema/shared";
import { checkOutboundUrl } from "@mema/shared/outbound";
import { z } from "zod";
import type { AsUser } from "../context.ts";
import { newWebhookSecret, sendVerification, signWebhook, type WebhookMessage } from "./webhooks.ts";

/** What sending to channels needs of the server. */
export interface JobContext {
  secretKey: Uint8Array;
  allowPrivateWebhooks: boolean;
}

/**
 * What a worker is handed to deliver. A webhook arrives signed: the secret stays in the server, because the worker needs only the
 * headers that follow from it.
 */
export type DeliveryJob =
  | { type: "in_app" }
  | { type: "log" }
  | { type: "webhook"; channelId: string; url: string; body: string; headers: Record<string, string>; allowPrivate: boolean };

/** A channel as its user sees it: never its secret. */
export type ChannelView = Omit<Channel, "userId" | "sealed">;

export type Verification = { verified: true } | { verified: false; reason: string };

export const channelView = ({ userId: _userId, sealed: _sealed, ...channel }: Channel): ChannelView => channel;

export const quietModes = ["defer", "drop", "bypass"] as const;
const webhookConfig = z.object({ url: z.string() });

/** The job for one delivery. Throws PRECONDITION_FAILED when its secret cannot be opened. */
export function buildJob(
  { channel, deliveryId, message, now }: { channel: Channel; deliveryId: string; message: WebhookMessage; now: Date },
  { secretKey, allowPrivateWebhooks }: JobContext,
): DeliveryJob {
  switch (channel.type) {
    case "in_app":
    case "log":
      return { type: channel.type };
    case "webhook":
      return {
        type: "webhook",
        channelId: channel.id,
        url: webhookConfig.parse(channel.config).url,
        ...signWebhook(openWebhookSecret(channel, secretKey), deliveryId, message, now),
        allowPrivate: allowPrivateWebhooks,
      };
    case "email":
    case "telegram":
    case "web_push":
      throw new AppError("PRECONDITION_FAILED", `Channels of type ${channel.type} cannot be sent to yet.`);
    default:
      return channel.type satisfies never;
  }
}

/** Makes a channel. A webhook gets a secret, shown once, and is asked at once whether it accepts a signed message. */
export async function createChannel(
  asUser: AsUser,
  input: { type: "webhook"; url: string; name?: string | undefined } | { type: "log" | "in_app"; name?: string | undefined },
  context: JobContext,
  signal: AbortSignal,
): Promise<{ channel: ChannelView; secret?: string; verification?: Verification }> {
  if (input.type !== "webhook") return { channel: await asUser((tx, record) => createPlain(tx, input, record)) };
  checkUrl(input.url, context);
  const id = newId();
  const secret = newWebhookSecret();
  const channel = await asUser((tx, record) => {
    record("channel.created", { channelId: id });
    return createChannelRepository(tx).create({
      id,
      type: "webhook",
      name: input.name ?? new URL(input.url).hostname,
      config: { url: input.url },
      sealed: sealSecret(secret, context.secretKey, { userId: tx.userId, rowId: id }),
    });
  });
  const verification = await verifyChannel(asUser, channel.id, context, signal);
  const current = await asUser((tx) => createChannelRepository(tx).getById(channel.id));
  return { channel: channelView(current), secret, verification };
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

/** Asks a webhook again whether it accepts signed messages. No transaction is open while it is asked. */
export async function verifyChannel(asUser: AsUser, id: string, context: JobContext, signal: AbortSignal): Promise<Verification> {
  const { channel, now } = await asUser(
    async (tx) => ({ channel: await createChannelRepository(tx).getById(id), now: await readClock(tx, databaseClock) }),
    { readOnly: true },
  );
  if (channel.type !== "webhook") return { verified: true };
  const secret = openWebhookSecret(channel, context.secretKey);
  const { url } = webhookConfig.parse(channel.config);
  const result = await sendVerification({ url, secret, channelId: id }, now, { allowPrivate: context.allowPrivateWebhooks, signal });
  if (result.verified)
    await asUser((tx, record) => {
      record("channel.verified", { channelId: id });
      return createChannelRepository(tx).mark(id, { verifiedAt: now, disabledAt: null, disabledReason: null });
    });
  return result;
}

/** Renames, silences, moves or disables a channel. A webhook with a new address has to be verified again. */
export async function updateChannel(
  tx: UserTransaction,
  id: string,
  version: number,
  changes: {
    name?: string | undefined;
    url?: string | undefined;
    quiet?: (typeof quietModes)[number] | undefined;
    disabled?: boolean | undefined;
  },
  context: JobContext,
): Promise<ChannelView> {
  const repository = createChannelRepository(tx);
  const before = await repository.getById(id);
  const { name, url, quiet, disabled } = changes;
  if (url !== undefined && before.type !== "webhook") throw badInput("url", `a channel of type ${before.type} has none`);
  if (url !== undefined) checkUrl(url, context);
  const moved = url !== undefined && url !== before.config["url"];
  const state =
    disabled === true
      ? { disabledAt: await readClock(tx, databaseClock), disabledReason: "disabled_by_user" }
      : { disabledAt: null, disabledReason: null };
  const after = await repository.update(id, version, {
    ...(name === undefined ? {} : { name }),
    config: { ...before.config, ...(url === undefined ? {} : { url }), ...(quiet === undefined ? {} : { quiet }) },
    ...(moved ? { verifiedAt: null } : {}),
    ...(disabled === undefined ? {} : state),
  });
  return channelView(after);
}

/** Queues a test message, delivered like a reminder: by the worker, with attempts to look at. Returns the delivery's id. */
export async function testChannel(tx: UserTransaction, id: string): Promise<{ deliveryId: string }> {
  const channel = await createChannelRepository(tx).getById(id);
  if (channel.disabledAt !== null)
    throw new AppError("PRECONDITION_FAILED", `The channel is disabled (${channel.disabledReason ?? "no reason"}): enable it first.`);
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

function openWebhookSecret({ sealed, userId, id }: Channel, key: Uint8Array): string {
  if (sealed === null) throw new AppError("PRECONDITION_FAILED", "The webhook has no secret: delete it and create it again.");
  return openSecret(sealed, key, { userId, rowId: id });
}

function checkUrl(url: string, { allowPrivateWebhooks }: JobContext): void {
  const checked = checkOutboundUrl(url, allowPrivateWebhooks);
  if (checked === "url_invalid")
    throw badInput("url", "must be an http or https address of at most 2,048 characters without user and password");
  if (checked === "address_refused") {
    throw badInput(
      "url",
      "is a private address; give a public one (the operator can allow private ones with MEMA_ALLOW_PRIVATE_WEBHOOKS=1)",
    );
  }
}
