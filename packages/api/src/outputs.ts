import {
  selectApiKeySchema,
  selectConversationSchema,
  selectEntitySchema,
  selectEventSchema,
  selectFactSchema,
  selectMessageSchema,
  selectUserSchema,
} from "@mema/db";
import { factTypes, isoInstant, recallKinds } from "@mema/shared";
import { z } from "zod";
import { momentOutput } from "./reminder-outputs.ts";

/* What the API answers with. Secrets, hashes, search vectors and embeddings are in none of the select schemas. */

const id = z.uuid();
const instant = isoInstant;

/** A page of a list; `nextCursor` is null at its end. */
export const pageOutput = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

const own = { userId: true } as const;

export const userOutput = selectUserSchema;
export const apiKeyOutput = selectApiKeySchema.omit(own);
export const conversationOutput = selectConversationSchema.omit(own);
export const messageOutput = selectMessageSchema.omit(own);
export const factOutput = selectFactSchema.omit(own);
export const entityOutput = selectEntitySchema.omit(own);
export const eventOutput = selectEventSchema.omit({ ...own, id: true });

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
  z.object({
    from: z.enum(["meaning", "session", "entity", "speaker", "length", "fact_type", "sensitivity", "period", "recency"]),
    score: z.number(),
  }),
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
