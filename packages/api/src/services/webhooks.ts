import { randomBytes, randomUUID } from "node:crypto";
import { type OutboundResult, post } from "@mema/shared/outbound";
import { Webhook } from "standardwebhooks";

/** What a webhook receives: a type, the moment of this attempt and the data. */
export interface WebhookMessage {
  type: "reminder.fired" | "channel.test" | "channel.verify";
  timestamp: string;
  data: Record<string, unknown>;
}

export interface SignedWebhook {
  body: string;
  headers: Record<string, string>;
}

/** A new signing secret of 256 random bits, in the form that Standard Webhooks libraries take. Shown once. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** Signs a message by Standard Webhooks: HMAC-SHA256 over id.timestamp.body. Receivers drop a repeated `webhook-id`. */
export function signWebhook(secret: string, id: string, message: WebhookMessage, now: Date): SignedWebhook {
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

/** Sends a signed `channel.verify` to an address; any 2xx accepts it. Call it outside of a transaction. */
export async function sendVerification(
  { url, secret, channelId }: { url: string; secret: string; channelId: string },
  now: Date,
  options: { allowPrivate: boolean; signal?: AbortSignal },
): Promise<{ verified: true } | { verified: false; reason: string }> {
  const message: WebhookMessage = { type: "channel.verify", timestamp: now.toISOString(), data: { channelId } };
  const result = await post({ url, ...signWebhook(secret, `verify_${randomUUID()}`, message, now), ...options });
  return isSuccess(result) ? { verified: true } : { verified: false, reason: result.error ?? `http_${result.status}` };
}

const isSuccess = (result: OutboundResult): boolean => result.status !== null && result.status >= 200 && result.status < 300;
