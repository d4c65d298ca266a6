import { evalTypes, evalVerdicts } from "@mema/shared";
import { index, text } from "drizzle-orm/pg-core";
import { columnTypes } from "./base.ts";
import { facts } from "./facts.ts";
import { messages } from "./messages.ts";
import { tenantReference, tenantTable } from "./tenant-table.ts";

/** A judgement on what was understood or used, of a message and perhaps one fact. Goes with them. */
export const evaluations = tenantTable(
  "evaluations",
  {
    factId: columnTypes.reference("fact_id"),
    messageId: columnTypes.reference("message_id").notNull(),
    evalType: columnTypes.enumeration("eval_type", evalTypes).notNull(),
    verdict: columnTypes.enumeration("verdict", evalVerdicts).notNull(),
    reasoning: text("reasoning"),
  },
  (table) => [
    tenantReference("evaluations_fact_fk", table.userId, table.factId, () => facts, "cascade"),
    tenantReference("evaluations_message_fk", table.userId, table.messageId, () => messages, "cascade"),
    index("evaluations_fact_index").on(table.userId, table.factId),
    index("evaluations_message_index").on(table.userId, table.messageId),
  ],
);
