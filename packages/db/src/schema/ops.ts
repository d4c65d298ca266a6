import { serviceKeyKinds } from "@mema/shared";
import { boolean, index, integer, jsonb, primaryKey, text, uuid } from "drizzle-orm/pg-core";
import { columnTypes, enumerationChecks, newId, opsSchema } from "./base.ts";

const serviceKeyColumns = {
  id: uuid("id").primaryKey().$defaultFn(newId),
  createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
  kind: columnTypes.enumeration("kind", serviceKeyKinds).notNull(),
  name: text("name").notNull(),
  keyHash: text("key_hash").notNull(),
  prefix: text("prefix").notNull(),
  expiresAt: columnTypes.instant("expires_at"),
  revokedAt: columnTypes.instant("revoked_at"),
};

/** Keys of the worker and of the operator. They name no user. Only the SHA-256 is stored. */
export const serviceKeys = opsSchema.table("service_keys", serviceKeyColumns, (table) => [
  index("service_keys_key_hash_index").on(table.keyHash),
  ...enumerationChecks("service_keys", serviceKeyColumns),
]);

/** A worker process: alive while it was seen lately. Holds no user's data. */
export const workerNodes = opsSchema.table("worker_nodes", {
  id: uuid("id").primaryKey(),
  createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
  name: text("name").notNull(),
  lastSeenAt: columnTypes.instant("last_seen_at").notNull().defaultNow(),
  drainingAt: columnTypes.instant("draining_at"),
  counters: jsonb("counters").$type<Record<string, number>>().notNull().default({}),
});

/** One property of isolation as a run of db:check tried it: numbers and fixed words, nothing of a user's. */
export interface ProvenProperty {
  property: string;
  guarantee: string;
  objects: number;
  attempts: number;
  violations: number;
}

/** What db:check came to, written by it as the owner. `findings` counts broken rules of the catalog; `proof` is empty when it was not tried. */
export const isolationProofs = opsSchema.table("isolation_proofs", {
  id: uuid("id").primaryKey().$defaultFn(newId),
  createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
  ok: boolean("ok").notNull(),
  engine: text("engine").notNull(),
  postgresVersion: text("postgres_version").notNull(),
  rules: integer("rules").notNull(),
  findings: integer("findings").notNull(),
  proof: jsonb("proof").$type<ProvenProperty[]>().notNull(),
});

/** Requests counted per bucket (a hash) and window, so that a limit holds across servers. */
export const rateLimits = opsSchema.table(
  "rate_limits",
  {
    bucket: text("bucket").notNull(),
    windowStart: columnTypes.instant("window_start").notNull(),
    count: integer("count").notNull().default(1),
    createdAt: columnTypes.instant("created_at").notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: "rate_limits_pkey", columns: [table.bucket, table.windowStart] }),
    index("rate_limits_window_index").on(table.windowStart),
  ],
);
