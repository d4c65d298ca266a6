import {
  actorTypes,
  entityTypes,
  factStatuses,
  factTypes,
  isoInstant,
  keyScopes,
  messageRoles,
  outdatedReasons,
  processingStatuses,
  recallKinds,
  temporalSensitivities,
  userStatuses,
} from "@mema/shared";
import { z } from "zod";
import { momentOutput } from "./reminder-outputs.ts";

/* What the API answers with. A column that is not named here never leaves the server. */

const id = z.uuid();
const instant = isoInstant;
const metadata = z.record(z.string(), z.unknown());

/** A page of a list; `nextCursor` is null at its end. */
export const pageOutput = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const userOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  name: z.string().nullable(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  lastSeenAt: instant.nullable(),
  status: z.enum(userStatuses),
  timezone: z.string().nullable(),
  locale: z.string(),
  summary: z.string().nullable(),
  preferences: metadata,
  version: z.number(),
});

export const apiKeyOutput = z.object({
  id,
  createdAt: instant,
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.enum(keyScopes)),
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
  revokedAt: instant.nullable(),
});

export const conversationOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  title: z.string().nullable(),
  metadata,
  lastMessageAt: instant.nullable(),
  version: z.number(),
});

export const messageOutput = z.object({
  id,
  createdAt: instant,
  conversationId: id.nullable(),
  role: z.enum(messageRoles),
  author: z.string().nullable(),
  content: z.string(),
  sentAt: instant,
  processingStatus: z.enum(processingStatuses),
  source: z.string().nullable(),
  externalId: z.string().nullable(),
});

export const factOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  factType: z.enum(factTypes),
  content: z.string(),
  eventDate: z.string().nullable(),
  temporalSensitivity: z.enum(temporalSensitivities),
  sourceMessageId: id.nullable(),
  sourceQuote: z.string().nullable(),
  sourceStart: z.number().nullable(),
  sourceEnd: z.number().nullable(),
  status: z.enum(factStatuses),
  outdatedReason: z.enum(outdatedReasons).nullable(),
  previousVersionId: id.nullable(),
  validFrom: instant.nullable(),
  validTo: instant.nullable(),
  recordedAt: instant,
  supersededAt: instant.nullable(),
  confidence: z.number(),
  version: z.number(),
});

export const entityOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  canonicalName: z.string(),
  aliases: z.array(z.string()),
  type: z.enum(entityTypes),
  description: z.string().nullable(),
  version: z.number(),
});

export const eventOutput = z.object({
  seq: z.number(),
  type: z.string(),
  payload: metadata,
  actor: z.enum(actorTypes),
  requestId: z.string().nullable(),
  createdAt: instant,
});

/** What a deletion removed: ids only. */
export const deletionOutput = z.object({ messageIds: z.array(id), factIds: z.array(id), cancelledReminderIds: z.array(id) });

export const forgetPreviewOutput = z.object({
  entities: z.array(z.object({ id, canonicalName: z.string() })),
  facts: z.array(z.object({ id, content: z.string() })),
  messages: z.array(z.object({ id, content: z.string() })),
  reminders: z.array(z.object({ id, title: z.string() })),
});

/** Why something was found: each part of its score, which add up to it. */
const contributionOutput = z.discriminatedUnion("from", [
  z.object({ from: z.literal("term"), term: z.string(), score: z.number() }),
  z.object({ from: z.literal("neighbour"), id, score: z.number() }),
  z.object({ from: z.enum(["session", "entity", "speaker", "period", "recency"]), score: z.number() }),
]);

/** One thing found, with where it comes from. `date`: when it was said; of a fact when it was recorded. */
export const recallResultOutput = z.object({
  kind: z.enum(recallKinds),
  id,
  messageId: id.nullable(),
  conversationId: id.nullable(),
  text: z.string(),
  author: z.string().nullable(),
  date: instant,
  score: z.number(),
  quote: z.object({ text: z.string(), start: z.number(), end: z.number() }).nullable(),
  contributions: z.array(contributionOutput).optional(),
});

const quoted = { quote: z.string(), start: z.number(), end: z.number() };

/** What was understood of a message, each with the verbatim words it rests on (UTF-16 offsets into the message). */
export const understoodOutput = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("fact"),
    factId: id,
    content: z.string(),
    factType: z.enum(factTypes),
    entities: z.array(z.object({ id, name: z.string() })),
    ...quoted,
  }),
  z.object({
    kind: z.literal("reminder"),
    reminderId: id,
    title: z.string(),
    /** No time of day was said; the usual one was taken. */
    assumedTime: z.boolean(),
    next: momentOutput.nullable(),
    upcoming: z.array(momentOutput),
    ...quoted,
  }),
  /** Not understood well enough to act on: what to ask the person. */
  z.object({ kind: z.literal("question"), about: z.literal("reminder"), question: z.string(), ...quoted }),
  /** Nothing is removed yet: `entities.forget` with these ids does that. */
  z.object({ kind: z.literal("forget"), what: z.string(), preview: forgetPreviewOutput, ...quoted }),
  z.object({ kind: z.literal("answer"), about: z.string(), results: z.array(recallResultOutput), ...quoted }),
]);
/** As it is before instants become text. */
export type Understood = z.input<typeof understoodOutput>;
