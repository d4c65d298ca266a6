import { channelTypes } from "@mema/shared";
import { sql } from "drizzle-orm";
import { index, jsonb, text, uniqueIndex } from "drizzle-orm/pg-core";
import { columnTypes, updatedAt } from "./base.ts";
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
    version: columnTypes.version(),
  },
  (table) => [
    index("channels_type_index").on(table.userId, table.type),
    uniqueIndex("channels_in_app_unique")
      .on(table.userId)
      .where(sql`type = 'in_app'`),
  ],
);
