import { factStatuses, factTypes, outdatedReasons, temporalSensitivities } from "@mema/shared";
import { sql } from "drizzle-orm";
import { check, date, doublePrecision, foreignKey, index, integer, real, text, unique } from "drizzle-orm/pg-core";
import { columnTypes, embeddingColumns, updatedAt, vectorColumn } from "./base.ts";
import { messages } from "./messages.ts";
import { tenantReference, tenantTable } from "./tenant-table.ts";

/**
 * One atomic statement about the user's world, on two time axes: valid_from/valid_to say when it was true, recorded_at/superseded_at
 * when it was believed. A correction is a new row that names the old one; the chain never forks.
 */
export const facts = tenantTable(
  "facts",
  {
    updatedAt: updatedAt(),
    factType: columnTypes.enumeration("fact_type", factTypes).notNull().default("other"),
    content: text("content").notNull(),
    ...embeddingColumns(vectorColumn("embedding")),
    eventDate: date("event_date", { mode: "string" }),
    temporalSensitivity: columnTypes.enumeration("temporal_sensitivity", temporalSensitivities).notNull().default("long_term"),
    sourceMessageId: columnTypes.reference("source_message_id"),
    sourceQuote: text("source_quote"),
    sourceStart: integer("source_start"),
    sourceEnd: integer("source_end"),
    status: columnTypes.enumeration("status", factStatuses).notNull().default("active"),
    outdatedReason: columnTypes.enumeration("outdated_reason", outdatedReasons),
    previousVersionId: columnTypes.reference("previous_version_id"),
    validFrom: columnTypes.instant("valid_from"),
    validTo: columnTypes.instant("valid_to"),
    recordedAt: columnTypes.instant("recorded_at").notNull().defaultNow(),
    supersededAt: columnTypes.instant("superseded_at"),
    confidence: real("confidence").notNull().default(1),
    search: columnTypes.searchVector("search"),
    version: columnTypes.version(),
  },
  (table) => [
    tenantReference("facts_source_message_fk", table.userId, table.sourceMessageId, () => messages, "no action"),
    foreignKey({
      name: "facts_previous_version_fk",
      columns: [table.userId, table.previousVersionId],
      foreignColumns: [table.userId, table.id],
    }),
    unique("facts_previous_version_unique").on(table.userId, table.previousVersionId),
    index("facts_source_message_index").on(table.userId, table.sourceMessageId),
    index("facts_status_index").on(table.userId, table.status, table.id),
    check("facts_confidence_check", sql`${table.confidence} between 0 and 1`),
    check("facts_outdated_check", sql`(${table.status} = 'outdated') = (${table.outdatedReason} is not null)`),
    check("facts_superseded_check", sql`(${table.status} = 'outdated') = (${table.supersededAt} is not null)`),
    check("facts_valid_check", sql`${table.validTo} is null or ${table.validFrom} is null or ${table.validTo} > ${table.validFrom}`),
    check(
      "facts_quote_check",
      sql`(${table.sourceQuote} is null) = (${table.sourceStart} is null) and (${table.sourceStart} is null) = (${table.sourceEnd} is null)`,
    ),
  ],
);

/** That a fact was given out for an answer: "why do you know that?". Goes with the fact and with the message. */
export const factUses = tenantTable(
  "fact_uses",
  {
    factId: columnTypes.reference("fact_id").notNull(),
    messageId: columnTypes.reference("message_id"),
    score: doublePrecision("score"),
  },
  (table) => [
    tenantReference("fact_uses_fact_fk", table.userId, table.factId, () => facts, "cascade"),
    tenantReference("fact_uses_message_fk", table.userId, table.messageId, () => messages, "cascade"),
    index("fact_uses_fact_index").on(table.userId, table.factId),
    index("fact_uses_message_index").on(table.userId, table.messageId),
  ],
);
