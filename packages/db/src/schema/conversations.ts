import { jsonb, text } from "drizzle-orm/pg-core";
import { columnTypes, updatedAt } from "./base.ts";
import { tenantTable } from "./tenant-table.ts";

/** A chat, a call, a thread, a recorded session. One conversation has many messages; deleting it deletes them. */
export const conversations = tenantTable("conversations", {
  updatedAt: updatedAt(),
  title: text("title"),
  metadata: jsonb("metadata").$type<Record<string, unknown>>().notNull().default({}),
  lastMessageAt: columnTypes.instant("last_message_at"),
  version: columnTypes.version(),
});
