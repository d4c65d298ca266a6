import { randomUUID } from "node:crypto";
import type { KeyScope } from "@mema/shared";
import type { Mailbox, SmtpServer } from "@mema/shared/mail";
import type { Db, TransactionOptions, UserTransaction } from "@mema/db";
import type { ServerKeys } from "./credentials.ts";
import type { EmbeddingEndpoint } from "./services/embeddings/endpoint.ts";
import type { Meter } from "./meter.ts";
import type { SignInGuard } from "./sign-in-guard.ts";

/** Who is asking. A user's key and a user's session act as that user; an admin key creates users and sees no content; a service key is the worker's. */
export type Actor =
  | { type: "api_key"; userId: string; id: string; scopes: readonly KeyScope[] }
  | { type: "user"; userId: string; id: string; scopes: readonly KeyScope[] }
  | { type: "admin"; id: string | null }
  | { type: "service"; id: string | null };

/** What the API writes to the log: ids and codes, never text. */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** How this server sends e-mail. */
export interface MailSettings {
  /** Its login is a secret. */
  server: SmtpServer;
  from: Mailbox;
}

export interface Limits {
  /** `messages.send` calls of one user in an hour. */
  messagesPerHour: number;
}

/** What the process gives to every request. */
export interface Services {
  db: Db;
  log: Log;
  limits: Limits;
  /** Admin and service keys that this server was started with; others are in the database. */
  serverKeys: ServerKeys;
  signInGuard: SignInGuard;
  /** Where texts become vectors; absent when none is set up. */
  embeddings?: EmbeddingEndpoint | undefined;
  /** 32 bytes that seal integration secrets. */
  secretKey: Uint8Array;
  allowPrivateWebhooks: boolean;
  /** Null: no e-mail. */
  mail: MailSettings | null;
  meter: Meter;
  /** Aborted when the server shuts down: long polls and live streams end. */
  closing: AbortSignal;
}

/** What one request brings. */
export interface RequestFacts {
  credential: string | null;
  /** The network address it came from; null for a caller in this process. */
  address: string | null;
  idempotencyKey: string | null;
  requestId: string;
  batched: boolean;
  /** Aborted when the caller went away. */
  signal: AbortSignal;
}

export interface Context {
  services: Services;
  request: RequestFacts;
  /** Set when an outer call has authenticated already. */
  actor?: Actor;
  /** The open transaction, when this call is made inside another one: it joins. */
  tx?: UserTransaction;
}

/** The context of one request, from whatever the caller of the API knows; a credential is looked up at the first procedure. */
export function createContext(services: Services, request: Partial<RequestFacts> = {}): Context {
  return {
    services,
    request: {
      credential: null,
      address: null,
      idempotencyKey: null,
      requestId: randomUUID(),
      batched: false,
      signal: services.closing,
      ...request,
    },
  };
}

/** What a mutation did: ids, never text. Becomes an event for live readers and a line of the audit log, in the mutation's transaction. */
export interface Recorded {
  type: string;
  payload: Record<string, unknown>;
}

/** Runs a body in a transaction of the caller's own user; what it records is written at its end. */
export type AsUser = <T>(
  body: (tx: UserTransaction, record: (type: Recorded["type"], payload: Recorded["payload"]) => void) => Promise<T>,
  options?: TransactionOptions,
) => Promise<T>;
