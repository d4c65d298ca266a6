import { randomBytes, randomUUID } from "node:crypto";
import { type Channel, createChannelRepository, databaseClock, newId, openSecret, readClock, sealSecret } from "@mema/db";
import { AppError, badInput } from "@mema/shared";
import { checkOutboundUrl, type OutboundResult, post } from "@mema/shared/outbound";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import type { AsUser } from "../context.ts";
import { type ChannelView, channelView, closedCircuit, type DeliveryJob, type JobContext, type Verification } from "./channel-view.ts";
import type { DeliveryMessage } from "./delivery-message.ts";

const webhookConfig = z.object({ url: z.string() });

/** What a webhook receives: a type, the moment of this attempt and the data. */
export type WebhookMessage = DeliveryMessage | { type: "channel.verify"; timestamp: string; data: { channelId: string } };

interface SignedWebhook {
  body: string;
  headers: Record<string, string>;
}

/** A new signing secret of 256 random bits, in the form that Standard Webhooks libraries take. Shown once. */
const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** Signs a message by Standard Webhooks: HMAC-SHA256 over id.timestamp.body. Receivers drop a repeated `webhook-id`. */
function signWebhook(secret: string, id: string, message: WebhookMessage, now: Date): SignedWebhook {
  const body = JSON.stringify(message);
  return {
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "Mema-Webhook/1",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, now, body),
    },
  };
}

/** The message of one delivery, signed. Throws PRECONDITION_FAILED when the secret cannot be opened. */
export function webhookJob(
  channel: Channel,
  message: DeliveryMessage,
  now: Date,
  { secretKey, allowPrivateWebhooks }: JobContext,
): DeliveryJob {
  const signed = signWebhook(openWebhookSecret(channel, secretKey), message.data.deliveryId, message, now);
  return { type: "webhook", url: webhookConfig.parse(channel.config).url, ...signed, allowPrivate: allowPrivateWebhooks };
}

/** Makes a webhook with a secret, shown once, and asks it at once whether it accepts a signed message. */
export async function createWebhook(
  asUser: AsUser,
  { url, name }: { url: string; name?: string | undefined },
  context: JobContext,
  signal: AbortSignal,
): Promise<{ channel: ChannelView; secret: string; verification: Verification }> {
  checkUrl(url, context);
  const id = newId();
  const secret = newWebhookSecret();
  const channel = await asUser((tx, record) => {
    record("channel.created", { channelId: id });
    return createChannelRepository(tx).create({
      id,
      type: "webhook",
      name: name ?? new URL(url).hostname,
      config: { url },
      sealed: sealSecret(secret, context.secretKey, { userId: tx.userId, rowId: id }),
    });
  });
  const verification = await verifyWebhook(asUser, channel, context, signal);
  const current = await asUser((tx) => createChannelRepository(tx).getById(channel.id));
  return { channel: channelView(current), secret, verification };
}

/** Asks a webhook whether it accepts signed messages. */
export async function verifyWebhook(asUser: AsUser, channel: Channel, context: JobContext, signal: AbortSignal): Promise<Verification> {
  const { id } = channel;
  const secret = openWebhookSecret(channel, context.secretKey);
  const { url } = webhookConfig.parse(channel.config);
  const now = await asUser((tx) => readClock(tx, databaseClock), { readOnly: true });
  const result = await sendVerification({ url, secret, channelId: id }, now, { allowPrivate: context.allowPrivateWebhooks, signal });
  if (result.verified)
    await asUser((tx, record) => {
      record("channel.verified", { channelId: id });
      return createChannelRepository(tx).mark(id, { verifiedAt: now, disabledAt: null, disabledReason: null, ...closedCircuit });
    });
  return result;
}

/** Throws BAD_REQUEST at `url` when it is no address of a webhook, or a private one where those are not allowed. */
export function checkUrl(url: string, { allowPrivateWebhooks }: JobContext): void {
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

/** Sends a signed `channel.verify` to an address; any 2xx accepts it. Call it outside of a transaction. */
async function sendVerification(
  { url, secret, channelId }: { url: string; secret: string; channelId: string },
  now: Date,
  options: { allowPrivate: boolean; signal?: AbortSignal },
): Promise<{ verified: true } | { verified: false; reason: string }> {
  const message: WebhookMessage = { type: "channel.verify", timestamp: now.toISOString(), data: { channelId } };
  const result = await post({ url, ...signWebhook(secret, `verify_${randomUUID()}`, message, now), ...options });
  return isSuccess(result) ? { verified: true } : { verified: false, reason: result.error ?? `http_${result.status}` };
}

const isSuccess = (result: OutboundResult): boolean => result.status !== null && result.status >= 200 && result.status < 300;

function openWebhookSecret({ sealed, userId, id }: Channel, key: Uint8Array): string {
  if (sealed === null) throw new AppError("PRECONDITION_FAILED", "The webhook has no secret: delete it and create it again.");
  return openSecret(sealed, key, { userId, rowId: id });
}
