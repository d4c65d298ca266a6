import { messageRoles, processingStatuses } from "@mema/shared";
import { index, text, unique } from "drizzle-orm/pg-core";
import { columnTypes } from "./base.ts";
import { conversations } from "./conversations.ts";
import { tenantReference, tenantTable } from "./tenant-table.ts";

/** What was said, verbatim. A message belongs to at most one conversation; (source, external_id) makes a retry harmless. */
export const messages = tenantTable(
  "messages",
  {
    conversationId: columnTypes.reference("conversation_id"),
    role: columnTypes.enumeration("role", messageRoles).notNull().default("user"),
    author: text("author"),
    content: text("content").notNull(),
    sentAt: columnTypes.instant("sent_at").notNull().defaultNow(),
    processingStatus: columnTypes.enumeration("processing_status", processingStatuses).notNull().default("received"),
    source: text("source"),
    externalId: text("external_id"),
    search: columnTypes.searchVector("search"),
  },
  (table) => [
    tenantReference("messages_conversation_fk", table.userId, table.conversationId, () => conversations, "cascade"),
    unique("messages_source_external_id_unique").on(table.userId, table.source, table.externalId),
    index("messages_conversation_index").on(table.userId, table.conversationId, table.sentAt, table.id),
    index("messages_sent_at_index").on(table.userId, table.sentAt, table.id),
  ],
);
