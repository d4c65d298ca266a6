import { newId } from "@mema/db";
import type { FilledMemory } from "./memory-of.ts";

/** What a stranger tries with a procedure, given somebody's ids and the stranger's own. */
export interface WalkCase {
  /** Whose credential it takes. */
  for: "user" | "admin" | "service" | "operator" | "public";
  /** Inputs that must get NOT_FOUND. */
  notFound?: (ada: FilledMemory, ben: FilledMemory) => object[];
  /** Inputs that get an answer, in which nothing of Ada's may be. Undefined: no input. */
  nothing?: (ada: FilledMemory, ben: FilledMemory) => (object | undefined)[];
  /** Fields of the input that take ids of nobody's rows: they are made up by the caller. */
  ownIds?: string[];
}

const byId = (name: keyof FilledMemory, more: object = {}): WalkCase => ({
  for: "user",
  notFound: (ada) => [{ id: ada[name], ...more }],
});
const version = 1;
const life: WalkCase = {
  for: "user",
  notFound: (ada, ben) => [
    { id: ada.reminderId },
    { id: ada.reminderId, occurrenceId: ada.occurrenceId },
    { id: ben.reminderId, occurrenceId: ada.occurrenceId },
  ],
};
const foreignLeases = (ada: FilledMemory, ben: FilledMemory) => [
  // Her delivery with a token that is made up, with another delivery's, and under another user's name.
  { userId: ada.userId, deliveryId: ada.leased.deliveryId, leaseToken: newId() },
  { userId: ada.userId, deliveryId: ada.leased.deliveryId, leaseToken: ben.leased.leaseToken },
  { userId: ben.userId, deliveryId: ada.leased.deliveryId, leaseToken: ada.leased.leaseToken },
  { userId: ada.userId, deliveryId: ben.leased.deliveryId, leaseToken: ben.leased.leaseToken },
];
const leases: WalkCase = { for: "service", nothing: (ada, ben) => [{ leases: foreignLeases(ada, ben) }] };
const ofWorker: WalkCase = { for: "service", ownIds: ["workerId", "after"] };

/** Every procedure of the router. One that is not here fails the walk. */
export const walkCases: Record<string, WalkCase> = {
  "apiKeys.create": { for: "user" },
  "apiKeys.list": { for: "user", nothing: () => [undefined] },
  "apiKeys.revoke": byId("apiKeyId"),

  "channels.create": { for: "user" },
  "channels.byId": byId("channelId"),
  "channels.list": { for: "user", nothing: () => [undefined, { limit: 100 }] },
  "channels.update": byId("channelId", { version, name: "x" }),
  "channels.verify": byId("channelId"),
  "channels.test": byId("channelId"),
  "channels.delete": byId("channelId"),

  "conversations.create": { for: "user" },
  "conversations.byId": byId("conversationId"),
  "conversations.list": { for: "user", nothing: () => [undefined, { limit: 100 }] },
  "conversations.update": byId("conversationId", { version, title: "x" }),
  "conversations.delete": byId("conversationId", { withFacts: true }),

  "entities.create": { for: "user" },
  "entities.byId": byId("entityId"),
  "entities.list": { for: "user", nothing: (ada) => [undefined, { search: ada.canary }] },
  "entities.update": byId("entityId", { version, canonicalName: "x" }),
  "entities.merge": {
    for: "user",
    notFound: (ada, ben) => [
      { intoId: ben.entityId, fromId: ada.entityId },
      { intoId: ada.entityId, fromId: ben.entityId },
      { intoId: ada.entityId, fromId: ada.otherEntityId },
    ],
  },
  "entities.previewDelete": byId("entityId"),
  "entities.delete": byId("entityId"),
  "entities.previewForget": { for: "user", notFound: (ada) => [{ entityId: ada.entityId }], nothing: (ada) => [{ words: ada.canary }] },
  "entities.forget": {
    for: "user",
    nothing: (ada) => [
      { entityIds: [ada.entityId, ada.otherEntityId], factIds: [ada.factId], messageIds: [ada.messageId], reminderIds: [ada.reminderId] },
    ],
  },

  "events.list": { for: "user", nothing: () => [undefined, { afterSeq: 0, limit: 500 }] },
  // Followed live in a test of its own.
  "events.live": { for: "user" },

  "facts.create": {
    for: "user",
    notFound: (ada) => [
      { content: "x", entityIds: [ada.entityId] },
      { content: "x", sourceMessageId: ada.messageId },
    ],
  },
  "facts.byId": byId("factId"),
  "facts.list": { for: "user", nothing: (ada) => [undefined, { entityId: ada.entityId }, { sourceMessageId: ada.messageId }] },
  "facts.update": {
    for: "user",
    notFound: (ada, ben) => [
      { id: ada.factId, version: 1, content: "x" },
      { id: ada.factId, version: 2, content: "x" },
      { id: ben.factId, version: 1, entityIds: [ada.entityId] },
      { id: ben.factId, version: 1, sourceMessageId: ada.messageId },
    ],
  },
  "facts.retract": byId("factId", { version }),
  "facts.undo": byId("factId", { version }),
  "facts.history": byId("factId"),
  "facts.delete": byId("factId"),

  "health.check": { for: "public" },

  "messages.send": {
    for: "user",
    notFound: (ada) => [{ text: "x", conversationId: ada.conversationId }],
    // Her external id is no retry of his.
    nothing: () => [{ text: "what do you know about Dima?", source: "walk", externalId: "walk-1" }],
  },
  "messages.ingest": {
    for: "user",
    notFound: (ada) => [
      { conversationId: ada.conversationId, messages: [{ text: "x" }] },
      { messages: [{ text: "x" }, { text: "y", conversationId: ada.conversationId }] },
    ],
  },
  "messages.byId": byId("messageId"),
  "messages.list": { for: "user", nothing: (ada) => [undefined, { conversationId: ada.conversationId }, { source: "walk" }] },
  "messages.delete": byId("messageId", { withFacts: true }),

  "recall.search": {
    for: "user",
    nothing: (ada) => [
      { query: ada.canary, explain: true },
      { query: "Dima climbing", entityIds: [ada.entityId] },
      { query: "Dima climbing", conversationId: ada.conversationId },
    ],
  },
  "recall.pack": {
    for: "user",
    notFound: (ada, ben) => [{ query: ben.canary, maxTokens: 500, messageId: ada.messageId }],
    nothing: (ada) => [
      { query: ada.canary, maxTokens: 500 },
      { query: "Dima climbing", maxTokens: 500, entityIds: [ada.entityId], conversationId: ada.conversationId },
    ],
  },

  "reminders.create": {
    for: "user",
    notFound: (ada) => [
      { title: "x", in: "PT1H", channelIds: [ada.channelId] },
      { title: "x", in: "PT1H", alerts: [{ beforeSeconds: 60, channelIds: [ada.channelId] }] },
      { title: "x", in: "PT1H", entityId: ada.entityId },
      { title: "x", in: "PT1H", factId: ada.factId },
      { title: "x", in: "PT1H", sourceMessageId: ada.messageId },
      { title: "x", beforeFact: { factId: ada.factId } },
    ],
  },
  "reminders.parse": { for: "user" },
  "reminders.preview": { for: "user", notFound: (ada) => [{ beforeFact: { factId: ada.factId } }] },
  "reminders.byId": byId("reminderId"),
  "reminders.list": { for: "user", nothing: (ada) => [undefined, { entityId: ada.entityId }, { factId: ada.factId }] },
  "reminders.history": byId("reminderId"),
  "reminders.deliveries": {
    for: "user",
    nothing: (ada) => [undefined, { reminderId: ada.reminderId }, { occurrenceId: ada.occurrenceId }, { channelId: ada.channelId }],
  },
  "reminders.attempts": { for: "user", notFound: (ada) => [{ deliveryId: ada.deliveryId }] },
  "reminders.update": {
    for: "user",
    notFound: (ada, ben) => [
      { id: ada.reminderId, version, title: "x" },
      { id: ben.reminderId, version: 2, channelIds: [ada.channelId] },
      { id: ben.reminderId, version: 2, alerts: [{ beforeSeconds: 60, channelIds: [ada.channelId] }] },
      { id: ben.reminderId, version: 2, beforeFact: { factId: ada.factId } },
    ],
  },
  "reminders.updateOccurrence": byId("reminderId", { version, title: "x" }),
  "reminders.undo": byId("reminderId"),
  "reminders.changes": byId("reminderId"),
  "reminders.snooze": {
    for: "user",
    notFound: (ada, ben) => [
      { id: ada.reminderId, for: "PT1H" },
      { id: ben.reminderId, occurrenceId: ada.occurrenceId, for: "PT1H" },
    ],
  },
  "reminders.complete": life,
  "reminders.acknowledge": life,
  "reminders.skip": life,
  "reminders.cancel": byId("reminderId"),
  "reminders.pause": byId("reminderId"),
  "reminders.resume": byId("reminderId"),
  "reminders.reopen": {
    for: "user",
    notFound: (ada, ben) => [
      { id: ada.reminderId, in: "PT1H" },
      { id: ben.reminderId, beforeFact: { factId: ada.factId } },
    ],
  },
  "reminders.delete": byId("reminderId"),
  "reminders.replay": { for: "user", notFound: (ada) => [{ deliveryId: ada.deliveryId }] },
  "reminders.markRead": { for: "user", nothing: (ada) => [{ deliveryIds: [ada.deliveryId] }] },

  "system.isolationProof": { for: "admin", nothing: () => [undefined] },

  "users.create": { for: "admin" },
  "users.me": { for: "user", nothing: () => [undefined] },
  "users.update": { for: "user" },
  "users.delete": { for: "user" },

  "worker.expand": { for: "service" },
  "worker.claim": ofWorker,
  "worker.begin": leases,
  "worker.heartbeat": leases,
  "worker.complete": {
    for: "service",
    nothing: (ada, ben) => [{ deliveries: foreignLeases(ada, ben).map((lease) => ({ ...lease, outcome: "delivered" })) }],
  },
  "worker.fail": {
    for: "service",
    nothing: (ada, ben) => [{ deliveries: foreignLeases(ada, ben).map((lease) => ({ ...lease, outcome: "permanent", error: "gone" })) }],
  },
  "worker.release": leases,
  "worker.wait": ofWorker,
  "worker.leave": ofWorker,
  "worker.reap": { for: "service" },
  // The operator is shown ids of everybody's: what they say and where they go is not in it.
  "worker.deadLetters": { for: "admin" },
  "worker.replay": {
    for: "admin",
    nothing: (ada, ben) => [
      {
        deliveries: [
          { userId: ben.userId, deliveryId: ada.deliveryId },
          { userId: ada.userId, deliveryId: ben.deliveryId },
          { userId: ada.userId, deliveryId: ada.leased.deliveryId },
        ],
      },
    ],
  },
  "worker.stats": { for: "operator", nothing: () => [undefined] },
};
