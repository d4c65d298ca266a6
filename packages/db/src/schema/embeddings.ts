import { sql } from "drizzle-orm";
import { bigint, index, integer, text, uuid } from "drizzle-orm/pg-core";
import { claimPolicy, columnTypes, embeddingColumns, halfVectorColumn } from "./base.ts";
import { messages } from "./messages.ts";
import { keyedTenantTable, tenantReference } from "./tenant-table.ts";

/**
 * The meaning of a message as a vector, in half precision: half the space, and cosines the same to three digits. Facts carry theirs. The
 * vector lies in the row (STORAGE PLAIN, set by a migration): fetching one from out of line takes several times as long as comparing it.
 */
export const recallMessageEmbeddings = keyedTenantTable(
  "recall_message_embeddings",
  { messageId: uuid("message_id").notNull(), ...embeddingColumns(halfVectorColumn("embedding")) },
  ["messageId"],
  (table) => [
    tenantReference("recall_message_embeddings_message_fk", table.userId, table.messageId, () => messages, "cascade"),
    // A search reads all codes of a user from here, without the wide rows. No further column: each would cost a tenth of that.
    index("recall_message_embeddings_code_index").on(table.userId, table.messageId, table.embeddingCode),
  ],
);

/** Whose texts may lack vectors: one row per user, kept by a trigger on what can be found. Says when and by whom, never what. */
export const recallEmbeddingQueue = keyedTenantTable(
  "recall_embedding_queue",
  {
    /** From when on there is something to do; null when there is nothing. */
    dueAt: columnTypes.instant("due_at"),
    /** Counts writes, so that one during a pass is not taken for done. */
    changes: bigint("changes", { mode: "number" }).notNull().default(1),
    attempts: integer("attempts").notNull().default(0),
    claimId: uuid("claim_id"),
    claimedUntil: columnTypes.instant("claimed_until"),
    /** The model whose vectors were complete when the last pass ended. */
    model: text("model"),
  },
  [],
  (table) => [
    claimPolicy(),
    index("recall_embedding_queue_due_index")
      .on(table.dueAt)
      .where(sql`due_at is not null`),
  ],
);
