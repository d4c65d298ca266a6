import { interestCandidateStatuses } from "@mema/shared";
import { sql } from "drizzle-orm";
import { check, integer, text, uniqueIndex } from "drizzle-orm/pg-core";
import { columnTypes, updatedAt } from "./base.ts";
import { keyedTenantTable, tenantTable } from "./tenant-table.ts";

/** How far a user's messages were scanned for interests, one row a user. The cursor may outlive its message, so it is no foreign key. */
export const interestScans = keyedTenantTable(
  "interest_scans",
  { updatedAt: updatedAt(), lastHandledMessageId: columnTypes.reference("last_handled_message_id") },
  [],
);

/** A topic that keeps coming up; promoted after three mentions, dismissed for good. */
export const interestCandidates = tenantTable(
  "interest_candidates",
  {
    updatedAt: updatedAt(),
    topic: text("topic").notNull(),
    mentionCount: integer("mention_count").notNull().default(1),
    status: columnTypes.enumeration("status", interestCandidateStatuses).notNull().default("tracking"),
    firstSeenAt: columnTypes.instant("first_seen_at").notNull().defaultNow(),
    lastSeenAt: columnTypes.instant("last_seen_at").notNull().defaultNow(),
    promotedAt: columnTypes.instant("promoted_at"),
  },
  (table) => [
    uniqueIndex("interest_candidates_topic_unique").on(table.userId, sql`lower(${table.topic})`),
    check("interest_candidates_mentions_check", sql`${table.mentionCount} >= 1`),
  ],
);
