import { sql } from "drizzle-orm";
import { bigint, check, date, text, unique } from "drizzle-orm/pg-core";
import { updatedAt } from "./base.ts";
import { tenantTable } from "./tenant-table.ts";

/** Tokens a user spent in a month, by kind and model, and the quota that is checked before a call. */
export const tokenUsages = tenantTable(
  "token_usages",
  {
    updatedAt: updatedAt(),
    periodStart: date("period_start", { mode: "string" }).notNull(),
    kind: text("kind").notNull(),
    model: text("model").notNull(),
    tokensUsed: bigint("tokens_used", { mode: "number" }).notNull().default(0),
    quotaLimit: bigint("quota_limit", { mode: "number" }),
  },
  (table) => [
    unique("token_usages_period_unique").on(table.userId, table.periodStart, table.kind, table.model),
    check("token_usages_month_check", sql`extract(day from ${table.periodStart}) = 1`),
    check("token_usages_used_check", sql`${table.tokensUsed} >= 0`),
  ],
);
