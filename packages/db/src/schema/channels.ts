import { channelTypes } from "@mema/shared";
import { sql } from "drizzle-orm";
import { index, integer, jsonb, text, uniqueIndex } from "drizzle-orm/pg-core";
import { claimPolicy, columnTypes, updatedAt } from "./base.ts";
import { tenantTable } from "./tenant-table.ts";

/** A way to reach a user. `sealed` holds secrets, encrypted and bound to user and row; `config` holds the rest. */
export const channels = tenantTable(
  "channels",
  {
    updatedAt: updatedAt(),
    type: columnTypes.enumeration("type", channelTypes).notNull(),
    name: text("name").notNull(),
    config: jsonb("config").$type<Record<string, unknown>>().notNull().default({}),
    sealed: text("sealed"),
    verifiedAt: columnTypes.instant("verified_at"),
    disabledAt: columnTypes.instant("disabled_at"),
    disabledReason: text("disabled_reason"),
    /** HMAC of the code that was mailed to verify the address, under MEMA_SECRET_KEY: of no use without that key. */
    codeMac: text("code_mac"),
    codeExpiresAt: columnTypes.instant("code_expires_at"),
    codeTries: integer("code_tries").notNull().default(0),
    /** To the minute. */
    lastSuccessAt: columnTypes.instant("last_success_at"),
    lastFailureAt: columnTypes.instant("last_failure_at"),
    lastFailure: text("last_failure"),
    failuresInRow: integer("failures_in_row").notNull().default(0),
    failingSince: columnTypes.instant("failing_since"),
    /** The circuit is open: until then nothing is sent, then one send tries it. Null: closed. */
    pausedUntil: columnTypes.instant("paused_until"),
    version: columnTypes.version(),
  },
  (table) => [
    index("channels_type_index").on(table.userId, table.type),
    uniqueIndex("channels_in_app_unique")
      .on(table.userId)
      .where(sql`type = 'in_app'`),
    claimPolicy(),
  ],
);
