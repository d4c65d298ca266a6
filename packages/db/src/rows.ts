import { getTableColumns, type Table } from "drizzle-orm";
import {
  apiKeys,
  auditLog,
  conversations,
  dialogStates,
  entities,
  evaluations,
  events,
  facts,
  factUses,
  idempotencyKeys,
  interestCandidates,
  interestScans,
  invites,
  messages,
  sessions,
  tokenUsages,
  userAuths,
  users,
} from "./schema/index.ts";

type Columns<T extends Table> = T["_"]["columns"];

/** A table's columns without those that nobody reads back: hashes (the application's role may not), search vectors, embeddings. */
function columnsWithout<T extends Table, Hidden extends keyof Columns<T> & string>(
  table: T,
  ...hidden: Hidden[]
): Omit<Columns<T>, Hidden> {
  const columns: Columns<T> & Record<string, unknown> = { ...getTableColumns(table) };
  for (const name of hidden) delete columns[name];
  return columns;
}

export const messageColumns = columnsWithout(messages, "search");
export const factColumns = columnsWithout(facts, "search", "embedding", "embeddingCode");
export const sessionColumns = columnsWithout(sessions, "tokenHash");
export const apiKeyColumns = columnsWithout(apiKeys, "keyHash");
export const inviteColumns = columnsWithout(invites, "tokenHash");

export type User = typeof users.$inferSelect;
export type UserAuth = typeof userAuths.$inferSelect;
export type Session = Omit<typeof sessions.$inferSelect, "tokenHash">;
export type ApiKey = Omit<typeof apiKeys.$inferSelect, "keyHash">;
export type Invite = Omit<typeof invites.$inferSelect, "tokenHash">;
export type Conversation = typeof conversations.$inferSelect;
export type Message = Omit<typeof messages.$inferSelect, "search">;
export type Fact = Omit<typeof facts.$inferSelect, "search" | "embedding" | "embeddingCode">;
export type FactUse = typeof factUses.$inferSelect;
export type Entity = typeof entities.$inferSelect;
export type DialogState = typeof dialogStates.$inferSelect;
export type Evaluation = typeof evaluations.$inferSelect;
export type InterestScan = typeof interestScans.$inferSelect;
export type InterestCandidate = typeof interestCandidates.$inferSelect;
export type TokenUsage = typeof tokenUsages.$inferSelect;
export type Event = typeof events.$inferSelect;
export type AuditEntry = typeof auditLog.$inferSelect;
export type IdempotencyKey = typeof idempotencyKeys.$inferSelect;

type Own<T> = Omit<T, "userId" | "createdAt" | "updatedAt" | "version">;
/** What a caller gives for a new row; the transaction knows whose it is. */
export type NewUser = Omit<typeof users.$inferInsert, "id" | "createdAt" | "updatedAt" | "version">;
export type NewConversation = Own<typeof conversations.$inferInsert>;
export type NewMessage = Omit<Own<typeof messages.$inferInsert>, "id" | "search" | "processingStatus">;
export type NewFact = Omit<
  Own<typeof facts.$inferInsert>,
  | "id"
  | "search"
  | "embedding"
  | "embeddingModel"
  | "embeddingDimensions"
  | "status"
  | "outdatedReason"
  | "previousVersionId"
  | "supersededAt"
  | "sourceEnd"
> & { entityIds?: readonly string[] };
export type NewFactUse = Omit<Own<typeof factUses.$inferInsert>, "id">;
export type NewEntity = Omit<Own<typeof entities.$inferInsert>, "id">;
export type NewEvaluation = Omit<Own<typeof evaluations.$inferInsert>, "id">;
export type NewEvent = Omit<Own<typeof events.$inferInsert>, "id" | "seq">;
export type NewAuditEntry = Omit<Own<typeof auditLog.$inferInsert>, "id">;
