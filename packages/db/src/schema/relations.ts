import { relations } from "drizzle-orm";
import { channels } from "./channels.ts";
import { conversations } from "./conversations.ts";
import { dialogStates } from "./dialog-states.ts";
import { recallEmbeddingQueue, recallMessageEmbeddings } from "./embeddings.ts";
import { entities, factEntities } from "./entities.ts";
import { evaluations } from "./evaluations.ts";
import { auditLog, eventHeads, events, idempotencyKeys } from "./events.ts";
import { facts, factUses } from "./facts.ts";
import { interestCandidates, interestScans } from "./interests.ts";
import { messages } from "./messages.ts";
import { recallDocuments, recallNames, recallPostings, recallStatistics, recallTerms } from "./recall.ts";
import { reminderAlerts, reminderAttempts, reminderChanges, reminderDeliveries, reminderOccurrences, reminders } from "./reminders.ts";
import { apiKeys, invites, sessions, userAuths } from "./sign-in.ts";
import { tokenUsages } from "./token-usages.ts";
import { users } from "./users.ts";

/** One user has many of everything, and at most one dialog state, interest scan and event head. */
export const usersRelations = relations(users, ({ one, many }) => ({
  userAuths: many(userAuths),
  sessions: many(sessions),
  apiKeys: many(apiKeys),
  invites: many(invites),
  conversations: many(conversations),
  messages: many(messages),
  facts: many(facts),
  factUses: many(factUses),
  entities: many(entities),
  factEntities: many(factEntities),
  evaluations: many(evaluations),
  interestCandidates: many(interestCandidates),
  tokenUsages: many(tokenUsages),
  reminders: many(reminders),
  reminderAlerts: many(reminderAlerts),
  reminderOccurrences: many(reminderOccurrences),
  reminderDeliveries: many(reminderDeliveries),
  reminderAttempts: many(reminderAttempts),
  reminderChanges: many(reminderChanges),
  channels: many(channels),
  events: many(events),
  auditLog: many(auditLog),
  idempotencyKeys: many(idempotencyKeys),
  recallMessageEmbeddings: many(recallMessageEmbeddings),
  recallDocuments: many(recallDocuments),
  recallTerms: many(recallTerms),
  recallNames: many(recallNames),
  recallStatistics: one(recallStatistics, { fields: [users.id], references: [recallStatistics.userId] }),
  recallEmbeddingQueue: one(recallEmbeddingQueue, { fields: [users.id], references: [recallEmbeddingQueue.userId] }),
  dialogState: one(dialogStates, { fields: [users.id], references: [dialogStates.userId] }),
  interestScan: one(interestScans, { fields: [users.id], references: [interestScans.userId] }),
  eventHead: one(eventHeads, { fields: [users.id], references: [eventHeads.userId] }),
}));

/** Tables that lead to their user only. */
export const userAuthsRelations = relations(userAuths, ({ one }) => ({
  user: one(users, { fields: [userAuths.userId], references: [users.id] }),
}));
export const sessionsRelations = relations(sessions, ({ one }) => ({
  user: one(users, { fields: [sessions.userId], references: [users.id] }),
}));
export const apiKeysRelations = relations(apiKeys, ({ one }) => ({
  user: one(users, { fields: [apiKeys.userId], references: [users.id] }),
}));
export const invitesRelations = relations(invites, ({ one }) => ({
  user: one(users, { fields: [invites.userId], references: [users.id] }),
}));
export const dialogStatesRelations = relations(dialogStates, ({ one }) => ({
  user: one(users, { fields: [dialogStates.userId], references: [users.id] }),
}));
export const interestScansRelations = relations(interestScans, ({ one }) => ({
  user: one(users, { fields: [interestScans.userId], references: [users.id] }),
}));
export const interestCandidatesRelations = relations(interestCandidates, ({ one }) => ({
  user: one(users, { fields: [interestCandidates.userId], references: [users.id] }),
}));
export const tokenUsagesRelations = relations(tokenUsages, ({ one }) => ({
  user: one(users, { fields: [tokenUsages.userId], references: [users.id] }),
}));
export const eventHeadsRelations = relations(eventHeads, ({ one }) => ({
  user: one(users, { fields: [eventHeads.userId], references: [users.id] }),
}));
export const eventsRelations = relations(events, ({ one }) => ({
  user: one(users, { fields: [events.userId], references: [users.id] }),
}));
export const auditLogRelations = relations(auditLog, ({ one }) => ({
  user: one(users, { fields: [auditLog.userId], references: [users.id] }),
}));
export const idempotencyKeysRelations = relations(idempotencyKeys, ({ one }) => ({
  user: one(users, { fields: [idempotencyKeys.userId], references: [users.id] }),
}));

export const recallEmbeddingQueueRelations = relations(recallEmbeddingQueue, ({ one }) => ({
  user: one(users, { fields: [recallEmbeddingQueue.userId], references: [users.id] }),
}));

/** A message has at most one embedding. */
export const recallMessageEmbeddingsRelations = relations(recallMessageEmbeddings, ({ one }) => ({
  user: one(users, { fields: [recallMessageEmbeddings.userId], references: [users.id] }),
  message: one(messages, {
    fields: [recallMessageEmbeddings.userId, recallMessageEmbeddings.messageId],
    references: [messages.userId, messages.id],
  }),
}));

/** A conversation has many messages; a message belongs to at most one. */
export const conversationsRelations = relations(conversations, ({ one, many }) => ({
  user: one(users, { fields: [conversations.userId], references: [users.id] }),
  messages: many(messages),
}));

/** A message is the source of many facts and reminders. */
export const messagesRelations = relations(messages, ({ one, many }) => ({
  user: one(users, { fields: [messages.userId], references: [users.id] }),
  conversation: one(conversations, {
    fields: [messages.userId, messages.conversationId],
    references: [conversations.userId, conversations.id],
  }),
  facts: many(facts),
  factUses: many(factUses),
  evaluations: many(evaluations),
  reminders: many(reminders),
}));

/** A fact has at most one previous and at most one next version, one source message, and is about many entities. */
export const factsRelations = relations(facts, ({ one, many }) => ({
  user: one(users, { fields: [facts.userId], references: [users.id] }),
  sourceMessage: one(messages, { fields: [facts.userId, facts.sourceMessageId], references: [messages.userId, messages.id] }),
  previousVersion: one(facts, {
    fields: [facts.userId, facts.previousVersionId],
    references: [facts.userId, facts.id],
    relationName: "fact_versions",
  }),
  nextVersions: many(facts, { relationName: "fact_versions" }),
  entities: many(factEntities),
  uses: many(factUses),
  evaluations: many(evaluations),
  anchoredReminders: many(reminders, { relationName: "reminder_anchor" }),
  reminders: many(reminders, { relationName: "reminder_fact" }),
}));

/** A use belongs to one fact and at most one message (the answer). */
export const factUsesRelations = relations(factUses, ({ one }) => ({
  user: one(users, { fields: [factUses.userId], references: [users.id] }),
  fact: one(facts, { fields: [factUses.userId, factUses.factId], references: [facts.userId, facts.id] }),
  message: one(messages, { fields: [factUses.userId, factUses.messageId], references: [messages.userId, messages.id] }),
}));

/** An entity has many facts and reminders. */
export const entitiesRelations = relations(entities, ({ one, many }) => ({
  user: one(users, { fields: [entities.userId], references: [users.id] }),
  facts: many(factEntities),
  reminders: many(reminders),
}));

/** The link between one fact and one entity. */
export const factEntitiesRelations = relations(factEntities, ({ one }) => ({
  user: one(users, { fields: [factEntities.userId], references: [users.id] }),
  fact: one(facts, { fields: [factEntities.userId, factEntities.factId], references: [facts.userId, facts.id] }),
  entity: one(entities, { fields: [factEntities.userId, factEntities.entityId], references: [entities.userId, entities.id] }),
}));

/** An evaluation is of one message and at most one fact. */
export const evaluationsRelations = relations(evaluations, ({ one }) => ({
  user: one(users, { fields: [evaluations.userId], references: [users.id] }),
  fact: one(facts, { fields: [evaluations.userId, evaluations.factId], references: [facts.userId, facts.id] }),
  message: one(messages, { fields: [evaluations.userId, evaluations.messageId], references: [messages.userId, messages.id] }),
}));

/** A reminder has many alerts, occurrences and deliveries, and may hang on a fact, an entity and a message. */
export const remindersRelations = relations(reminders, ({ one, many }) => ({
  user: one(users, { fields: [reminders.userId], references: [users.id] }),
  anchorFact: one(facts, {
    fields: [reminders.userId, reminders.anchorFactId],
    references: [facts.userId, facts.id],
    relationName: "reminder_anchor",
  }),
  fact: one(facts, { fields: [reminders.userId, reminders.factId], references: [facts.userId, facts.id], relationName: "reminder_fact" }),
  entity: one(entities, { fields: [reminders.userId, reminders.entityId], references: [entities.userId, entities.id] }),
  sourceMessage: one(messages, { fields: [reminders.userId, reminders.sourceMessageId], references: [messages.userId, messages.id] }),
  alerts: many(reminderAlerts),
  occurrences: many(reminderOccurrences),
  deliveries: many(reminderDeliveries),
  changes: many(reminderChanges),
}));

/** A change belongs to one reminder, and to one of its occurrences when it is about one. */
export const reminderChangesRelations = relations(reminderChanges, ({ one }) => ({
  user: one(users, { fields: [reminderChanges.userId], references: [users.id] }),
  reminder: one(reminders, { fields: [reminderChanges.userId, reminderChanges.reminderId], references: [reminders.userId, reminders.id] }),
  occurrence: one(reminderOccurrences, {
    fields: [reminderChanges.userId, reminderChanges.occurrenceId],
    references: [reminderOccurrences.userId, reminderOccurrences.id],
  }),
}));

/** An alert belongs to one reminder. */
export const reminderAlertsRelations = relations(reminderAlerts, ({ one }) => ({
  user: one(users, { fields: [reminderAlerts.userId], references: [users.id] }),
  reminder: one(reminders, { fields: [reminderAlerts.userId, reminderAlerts.reminderId], references: [reminders.userId, reminders.id] }),
}));

/** An occurrence belongs to one reminder and has many deliveries. */
export const reminderOccurrencesRelations = relations(reminderOccurrences, ({ one, many }) => ({
  user: one(users, { fields: [reminderOccurrences.userId], references: [users.id] }),
  reminder: one(reminders, {
    fields: [reminderOccurrences.userId, reminderOccurrences.reminderId],
    references: [reminders.userId, reminders.id],
  }),
  deliveries: many(reminderDeliveries),
}));

/** A delivery goes to one channel, for at most one occurrence of at most one reminder, in many attempts. */
export const reminderDeliveriesRelations = relations(reminderDeliveries, ({ one, many }) => ({
  user: one(users, { fields: [reminderDeliveries.userId], references: [users.id] }),
  reminder: one(reminders, {
    fields: [reminderDeliveries.userId, reminderDeliveries.reminderId],
    references: [reminders.userId, reminders.id],
  }),
  occurrence: one(reminderOccurrences, {
    fields: [reminderDeliveries.userId, reminderDeliveries.occurrenceId],
    references: [reminderOccurrences.userId, reminderOccurrences.id],
  }),
  channel: one(channels, { fields: [reminderDeliveries.userId, reminderDeliveries.channelId], references: [channels.userId, channels.id] }),
  attempts: many(reminderAttempts),
}));

/** An attempt belongs to one delivery. */
export const reminderAttemptsRelations = relations(reminderAttempts, ({ one }) => ({
  user: one(users, { fields: [reminderAttempts.userId], references: [users.id] }),
  delivery: one(reminderDeliveries, {
    fields: [reminderAttempts.userId, reminderAttempts.deliveryId],
    references: [reminderDeliveries.userId, reminderDeliveries.id],
  }),
}));

/** A channel has many deliveries. */
export const channelsRelations = relations(channels, ({ one, many }) => ({
  user: one(users, { fields: [channels.userId], references: [users.id] }),
  deliveries: many(reminderDeliveries),
}));

/** A message or a fact has at most one recall document, a document one posting for each of its terms. */
export const recallDocumentsRelations = relations(recallDocuments, ({ one, many }) => ({
  user: one(users, { fields: [recallDocuments.userId], references: [users.id] }),
  message: one(messages, { fields: [recallDocuments.userId, recallDocuments.messageId], references: [messages.userId, messages.id] }),
  fact: one(facts, { fields: [recallDocuments.userId, recallDocuments.factId], references: [facts.userId, facts.id] }),
  postings: many(recallPostings),
}));
export const recallPostingsRelations = relations(recallPostings, ({ one }) => ({
  document: one(recallDocuments, {
    fields: [recallPostings.userId, recallPostings.documentId],
    references: [recallDocuments.userId, recallDocuments.id],
  }),
}));
export const recallTermsRelations = relations(recallTerms, ({ one }) => ({
  user: one(users, { fields: [recallTerms.userId], references: [users.id] }),
}));
export const recallStatisticsRelations = relations(recallStatistics, ({ one }) => ({
  user: one(users, { fields: [recallStatistics.userId], references: [users.id] }),
}));
/** A name's word and an entity that is called so. */
export const recallNamesRelations = relations(recallNames, ({ one }) => ({
  user: one(users, { fields: [recallNames.userId], references: [users.id] }),
  entity: one(entities, { fields: [recallNames.userId, recallNames.entityId], references: [entities.userId, entities.id] }),
}));
