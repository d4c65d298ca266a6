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
  temporalSensitivities,
  userStatuses,
} from "@mema/shared";
import { z } from "zod";

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
  z.object({ kind: z.literal("forget"), what: z.string(), preview: forgetPreviewOutput, ...quoted }),
]);
export type Understood = z.infer<typeof understoodOutput>;
