import { sql } from "drizzle-orm";
import { bigint, index, integer, text, uuid } from "drizzle-orm/pg-core";
import { claimPolicy, columnTypes, embeddingColumns, halfVectorColumn } from "./base.ts";
import { messages } from "./messages.ts";
import { keyedTenantTable, tenantReference } from "./tenant-table.ts";

/** The meaning of a message as a vector, in half precision: half the space, and cosines the same to three digits. Facts carry theirs. */
export const recallMessageEmbeddings = keyedTenantTable(
  "recall_message_embeddings",
  { messageId: uuid("message_id").notNull(), ...embeddingColumns(halfVectorColumn("embedding")) },
  ["messageId"],
  (table) => [tenantReference("recall_message_embeddings_message_fk", table.userId, table.messageId, () => messages, "cascade")],
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
