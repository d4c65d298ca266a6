import { actorTypes } from "@mema/shared";
import { bigint, index, jsonb, text, unique, uuid } from "drizzle-orm/pg-core";
import { columnTypes } from "./base.ts";
import { keyedTenantTable, tenantTable } from "./tenant-table.ts";

/** The last event number of a user. Its row lock puts a user's events into the order of their commits. */
export const eventHeads = keyedTenantTable("event_heads", { lastSeq: bigint("last_seq", { mode: "number" }).notNull().default(0) }, []);

/** The outbox: one row a mutation, in its transaction. Holds ids, never text. Append-only. */
export const events = tenantTable(
  "events",
  {
    seq: bigint("seq", { mode: "number" }).notNull(),
    type: text("type").notNull(),
    payload: jsonb("payload").$type<Record<string, unknown>>().notNull().default({}),
    actor: columnTypes.enumeration("actor", actorTypes).notNull(),
    actorId: uuid("actor_id"),
    requestId: text("request_id"),
  },
  (table) => [unique("events_seq_unique").on(table.userId, table.seq)],
);

/** Who did what to which rows. Append-only. */
export const auditLog = tenantTable("audit_log", {
  actor: columnTypes.enumeration("actor", actorTypes).notNull(),
  actorId: uuid("actor_id"),
  action: text("action").notNull(),
  resource: text("resource").notNull(),
  requestId: text("request_id"),
  metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
});

/** What a mutation answered, so that the same key gets the same answer. Expires. */
export const idempotencyKeys = tenantTable(
  "idempotency_keys",
  {
    key: text("key").notNull(),
    procedure: text("procedure").notNull(),
    requestFingerprint: text("request_fingerprint").notNull(),
    response: jsonb("response"),
    expiresAt: columnTypes.instant("expires_at").notNull(),
  },
  (table) => [
    unique("idempotency_keys_key_unique").on(table.userId, table.key),
    index("idempotency_keys_expires_at_index").on(table.userId, table.expiresAt),
  ],
);
