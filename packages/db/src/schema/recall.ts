import { recallKinds } from "@mema/shared";
import { sql } from "drizzle-orm";
import { bigint, boolean, check, customType, index, integer, smallint, text, uuid } from "drizzle-orm/pg-core";
import { columnTypes } from "./base.ts";
import { entities } from "./entities.ts";
import { facts } from "./facts.ts";
import { messages } from "./messages.ts";
import { keyedTenantTable, tenantReference, tenantTable } from "./tenant-table.ts";

/** A word's stem or a character pair. Compared byte by byte: the index then serves prefixes, and no locale changes its order. */
const term = customType<{ data: string; driverData: string }>({ dataType: () => 'text COLLATE "C"' });

/** What can be found: a message or a fact, under its own id. It and its postings go with its source. */
export const recallDocuments = tenantTable(
  "recall_documents",
  {
    kind: columnTypes.enumeration("kind", recallKinds).notNull(),
    messageId: columnTypes.reference("message_id"),
    factId: columnTypes.reference("fact_id"),
    conversationId: columnTypes.reference("conversation_id"),
    at: columnTypes.instant("at").notNull(),
    length: integer("length").notNull(),
    /** The terms of the one who speaks: a question that names a person prefers what that person said. */
    speaker: text("speaker").array().notNull(),
    /** Ends in a question: what follows answers it. */
    asks: boolean("asks").notNull().default(false),
  },
  (table) => [
    tenantReference("recall_documents_message_fk", table.userId, table.messageId, () => messages, "cascade"),
    tenantReference("recall_documents_fact_fk", table.userId, table.factId, () => facts, "cascade"),
    index("recall_documents_message_index").on(table.userId, table.messageId),
    index("recall_documents_fact_index").on(table.userId, table.factId),
    index("recall_documents_conversation_index").on(table.userId, table.conversationId, table.at, table.id),
    check(
      "recall_documents_source_check",
      sql`case ${table.kind} when 'message' then ${table.messageId} = ${table.id} and ${table.factId} is null when 'fact' then ${table.factId} = ${table.id} and ${table.messageId} is null end is true`,
    ),
  ],
);

/**
 * How often a document has a term. A btree instead of a full-text index: equality on uuid and text is leakproof, so that the index is
 * used under row-level security, and BM25's figures are at hand.
 */
export const recallPostings = keyedTenantTable(
  "recall_postings",
  {
    term: term("term").notNull(),
    documentId: uuid("document_id").notNull(),
    frequency: smallint("frequency").notNull(),
    /** The document's length, repeated here so that scoring reads nothing else. */
    length: integer("length").notNull(),
    /** The fact is no longer believed: found only with `asOf`. */
    outdated: boolean("outdated").notNull().default(false),
  },
  ["term", "documentId"],
  (table) => [
    tenantReference("recall_postings_document_fk", table.userId, table.documentId, () => recallDocuments, "cascade"),
    index("recall_postings_document_index").on(table.userId, table.documentId),
  ],
);

/** In how many of the user's documents a term occurs. Kept by triggers; a term that nothing has any more is gone. */
export const recallTerms = keyedTenantTable(
  "recall_terms",
  { term: term("term").notNull(), documentCount: integer("document_count").notNull() },
  ["term"],
);

/** How many documents a user has and how long they are together. Kept by triggers. */
export const recallStatistics = keyedTenantTable(
  "recall_statistics",
  { documentCount: integer("document_count").notNull(), totalLength: bigint("total_length", { mode: "number" }).notNull() },
  [],
);

/** The words by which an entity is called: its name and aliases. A question that has one of them is about the entity. */
export const recallNames = keyedTenantTable(
  "recall_names",
  { term: term("term").notNull(), entityId: uuid("entity_id").notNull() },
  ["term", "entityId"],
  (table) => [
    tenantReference("recall_names_entity_fk", table.userId, table.entityId, () => entities, "cascade"),
    index("recall_names_entity_index").on(table.userId, table.entityId),
  ],
);
