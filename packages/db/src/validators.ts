import { createInsertSchema, createSelectSchema } from "drizzle-zod";
import { z } from "zod";
import {
  apiKeys,
  auditLog,
  channels,
  conversations,
  dialogStates,
  entities,
  evaluations,
  eventHeads,
  events,
  factEntities,
  factUses,
  facts,
  idempotencyKeys,
  interestCandidates,
  interestScans,
  invites,
  messages,
  reminderAlerts,
  reminderAttempts,
  reminderChanges,
  reminderDeliveries,
  reminderOccurrences,
  reminders,
  sessions,
  tokenUsages,
  userAuths,
  users,
} from "./schema/index.ts";

/*
 * The rows of each table as zod: select schemas are what leaves the server (instants as ISO strings, no search vector, embedding, hash or
 * sealed secret), insert schemas what a caller may give for a new row (the user, the times and the version are the server's).
 */

/** An instant as an ISO string, also where a Date is given: JSON Schema knows no dates. */
const instant = () => z.preprocess((value) => (value instanceof Date ? value.toISOString() : value), z.iso.datetime());
const wallClock = () => z.iso.datetime({ local: true, precision: 0 }).refine((value) => !value.endsWith("Z"), "must have no zone");

export const selectUserSchema = createSelectSchema(users, {
  createdAt: instant,
  updatedAt: instant,
  lastSeenAt: instant,
  summaryUpdatedAt: instant,
});
export const insertUserSchema = createInsertSchema(users).omit({ id: true, createdAt: true, updatedAt: true, version: true });

export const selectUserAuthSchema = createSelectSchema(userAuths, { createdAt: instant });
export const insertUserAuthSchema = createInsertSchema(userAuths).omit({ userId: true, createdAt: true });

export const selectSessionSchema = createSelectSchema(sessions, {
  createdAt: instant,
  expiresAt: instant,
  lastUsedAt: instant,
  revokedAt: instant,
}).omit({ tokenHash: true });
export const insertSessionSchema = createInsertSchema(sessions).omit({ userId: true, createdAt: true, tokenHash: true });

export const selectApiKeySchema = createSelectSchema(apiKeys, {
  createdAt: instant,
  expiresAt: instant,
  lastUsedAt: instant,
  revokedAt: instant,
}).omit({ keyHash: true });
export const insertApiKeySchema = createInsertSchema(apiKeys).omit({ userId: true, createdAt: true, keyHash: true });

export const selectInviteSchema = createSelectSchema(invites, {
  createdAt: instant,
  expiresAt: instant,
  lastUsedAt: instant,
  revokedAt: instant,
  acceptedAt: instant,
}).omit({ tokenHash: true });
export const insertInviteSchema = createInsertSchema(invites).omit({ userId: true, createdAt: true, tokenHash: true });

export const selectConversationSchema = createSelectSchema(conversations, {
  createdAt: instant,
  updatedAt: instant,
  lastMessageAt: instant,
});
export const insertConversationSchema = createInsertSchema(conversations).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  version: true,
});

export const selectMessageSchema = createSelectSchema(messages, { createdAt: instant, sentAt: instant }).omit({ search: true });
export const insertMessageSchema = createInsertSchema(messages).omit({ userId: true, createdAt: true, search: true });

export const selectFactSchema = createSelectSchema(facts, {
  createdAt: instant,
  updatedAt: instant,
  validFrom: instant,
  validTo: instant,
  recordedAt: instant,
  supersededAt: instant,
}).omit({ search: true, embedding: true, embeddingCode: true });
export const insertFactSchema = createInsertSchema(facts).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  search: true,
  embedding: true,
  version: true,
});

export const selectFactUseSchema = createSelectSchema(factUses, { createdAt: instant });
export const insertFactUseSchema = createInsertSchema(factUses).omit({ userId: true, createdAt: true });

export const selectEntitySchema = createSelectSchema(entities, { createdAt: instant, updatedAt: instant });
export const insertEntitySchema = createInsertSchema(entities).omit({ userId: true, createdAt: true, updatedAt: true, version: true });

export const selectFactEntitySchema = createSelectSchema(factEntities, { createdAt: instant });
export const insertFactEntitySchema = createInsertSchema(factEntities).omit({ userId: true, createdAt: true });

export const selectDialogStateSchema = createSelectSchema(dialogStates, { createdAt: instant, updatedAt: instant, expiresAt: instant });
export const insertDialogStateSchema = createInsertSchema(dialogStates).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  version: true,
});

export const selectEvaluationSchema = createSelectSchema(evaluations, { createdAt: instant });
export const insertEvaluationSchema = createInsertSchema(evaluations).omit({ userId: true, createdAt: true });

export const selectInterestScanSchema = createSelectSchema(interestScans, { createdAt: instant, updatedAt: instant });
export const insertInterestScanSchema = createInsertSchema(interestScans).omit({ userId: true, createdAt: true, updatedAt: true });

export const selectInterestCandidateSchema = createSelectSchema(interestCandidates, {
  createdAt: instant,
  updatedAt: instant,
  firstSeenAt: instant,
  lastSeenAt: instant,
  promotedAt: instant,
});
export const insertInterestCandidateSchema = createInsertSchema(interestCandidates).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
});

export const selectTokenUsageSchema = createSelectSchema(tokenUsages, { createdAt: instant, updatedAt: instant });
export const insertTokenUsageSchema = createInsertSchema(tokenUsages).omit({ userId: true, createdAt: true, updatedAt: true });

export const selectEventHeadSchema = createSelectSchema(eventHeads, { createdAt: instant });
export const insertEventHeadSchema = createInsertSchema(eventHeads).omit({ userId: true, createdAt: true });

export const selectEventSchema = createSelectSchema(events, { createdAt: instant });
export const insertEventSchema = createInsertSchema(events).omit({ userId: true, createdAt: true });

export const selectAuditEntrySchema = createSelectSchema(auditLog, { createdAt: instant });
export const insertAuditEntrySchema = createInsertSchema(auditLog).omit({ userId: true, createdAt: true });

export const selectIdempotencyKeySchema = createSelectSchema(idempotencyKeys, { createdAt: instant, expiresAt: instant });
export const insertIdempotencyKeySchema = createInsertSchema(idempotencyKeys).omit({ userId: true, createdAt: true });

export const selectChannelSchema = createSelectSchema(channels, {
  createdAt: instant,
  updatedAt: instant,
  verifiedAt: instant,
  disabledAt: instant,
  codeExpiresAt: instant,
  lastSuccessAt: instant,
  lastFailureAt: instant,
  failingSince: instant,
  pausedUntil: instant,
}).omit({ sealed: true, codeMac: true });
export const insertChannelSchema = createInsertSchema(channels).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  sealed: true,
  codeMac: true,
  version: true,
});

export const selectReminderSchema = createSelectSchema(reminders, {
  createdAt: instant,
  updatedAt: instant,
  untilAt: instant,
  expandFromAt: instant,
  nextOccurrenceAt: instant,
  nextWakeAt: instant,
  dtstartLocal: wallClock,
});
export const insertReminderSchema = createInsertSchema(reminders, { dtstartLocal: wallClock }).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  version: true,
});

export const selectReminderAlertSchema = createSelectSchema(reminderAlerts, { createdAt: instant });
export const insertReminderAlertSchema = createInsertSchema(reminderAlerts).omit({ userId: true, createdAt: true });

export const selectReminderOccurrenceSchema = createSelectSchema(reminderOccurrences, {
  createdAt: instant,
  updatedAt: instant,
  occurrenceAt: instant,
  snoozedUntil: instant,
  firedAt: instant,
  acknowledgedAt: instant,
  movedToAt: instant,
  recurrenceLocal: wallClock,
  movedToLocal: wallClock,
});
export const insertReminderOccurrenceSchema = createInsertSchema(reminderOccurrences, {
  recurrenceLocal: wallClock,
  movedToLocal: wallClock,
}).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
});

export const selectReminderChangeSchema = createSelectSchema(reminderChanges, {
  createdAt: instant,
  changedAt: instant,
  undoneAt: instant,
});
export const insertReminderChangeSchema = createInsertSchema(reminderChanges).omit({ userId: true, createdAt: true });

export const selectReminderDeliverySchema = createSelectSchema(reminderDeliveries, {
  createdAt: instant,
  updatedAt: instant,
  dueAt: instant,
  begunAt: instant,
  nextAttemptAt: instant,
  expiresAt: instant,
  leaseUntil: instant,
  settledAt: instant,
  readAt: instant,
}).omit({ leaseToken: true, leaseOwner: true });
export const insertReminderDeliverySchema = createInsertSchema(reminderDeliveries).omit({
  userId: true,
  createdAt: true,
  updatedAt: true,
  leaseToken: true,
  leaseOwner: true,
});

export const selectReminderAttemptSchema = createSelectSchema(reminderAttempts, {
  createdAt: instant,
  startedAt: instant,
  finishedAt: instant,
});
export const insertReminderAttemptSchema = createInsertSchema(reminderAttempts).omit({ userId: true, createdAt: true });
