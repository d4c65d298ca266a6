import type { Channel } from "@mema/db";
import type { Mail, SmtpServer } from "@mema/shared/mail";
import type { MailSettings } from "../context.ts";

/** What sending to channels needs of the server. */
export interface JobContext {
  secretKey: Uint8Array;
  allowPrivateWebhooks: boolean;
  mail: MailSettings | null;
}

/**
 * What a worker is handed to deliver. A webhook arrives signed: its secret stays in the server, because the worker needs only the headers
 * that follow from it. A mail arrives with the login of the operator's mail server: SMTP knows no other way to hand it over.
 */
export type DeliveryJob =
  | { type: "in_app" }
  | { type: "log" }
  | { type: "webhook"; url: string; body: string; headers: Record<string, string>; allowPrivate: boolean }
  | { type: "email"; server: SmtpServer; mail: Mail };

/** How sends to a channel went. Null for channels that cannot fail. */
export interface ChannelHealth {
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  /** A code. */
  lastFailure: string | null;
  failuresInRow: number;
  /** open: too many failures in a row; what is due waits until `nextTryAt`, when one send tries whether it works again. */
  circuit: "closed" | "open";
  nextTryAt: Date | null;
}

/** A channel as its user sees it: never its secret. */
export type ChannelView = Pick<
  Channel,
  | "id"
  | "createdAt"
  | "updatedAt"
  | "type"
  | "name"
  | "config"
  | "verifiedAt"
  | "codeExpiresAt"
  | "disabledAt"
  | "disabledReason"
  | "version"
> & { health: ChannelHealth | null };

export type Verification = { verified: true } | { verified: false; reason: string; triesLeft?: number };

export function channelView(channel: Channel): ChannelView {
  const { id, createdAt, updatedAt, type, name, config, verifiedAt, codeExpiresAt, disabledAt, disabledReason, version } = channel;
  const { lastSuccessAt, lastFailureAt, lastFailure, failuresInRow, pausedUntil } = channel;
  const circuit = pausedUntil === null ? ("closed" as const) : ("open" as const);
  const health =
    type === "in_app" || type === "log"
      ? null
      : { lastSuccessAt, lastFailureAt, lastFailure, failuresInRow, circuit, nextTryAt: pausedUntil };
  return { id, createdAt, updatedAt, type, name, config, verifiedAt, codeExpiresAt, disabledAt, disabledReason, version, health };
}

/** The receiver is believed to work again. */
export const closedCircuit = { failuresInRow: 0, failingSince: null, pausedUntil: null };
