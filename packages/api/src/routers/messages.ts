import { badInput, idInput, instantInput, messageRoles, pageInput, plainText, textLimits } from "@mema/shared";
import { createMessageRepository } from "@mema/db";
import { z } from "zod";
import { deletionOutput, messageOutput, pageOutput, understoodOutput } from "../outputs.ts";
import { sendMessage, toNewMessage } from "../services/capture.ts";
import { router, userProcedure } from "../trpc.ts";

export const messageInput = z.strictObject({
  text: plainText(textLimits.message),
  role: z.enum(messageRoles).default("user"),
  author: plainText(textLimits.name).optional(),
  sentAt: instantInput.optional(),
  conversationId: idInput.optional(),
  source: plainText(textLimits.name).optional(),
  externalId: plainText(textLimits.externalId).optional(),
});

const largestIngest = 500;

export const messagesRouter = router({
  /**
   * Stores a message verbatim and acts on what it says in so many words: "remember that ...", "remind me to ...", "forget ...",
   * "what do you know about ...". Anything else is stored and searchable. The same source + externalId again returns the first result.
   */
  send: userProcedure
    .input(messageInput)
    .output(z.object({ message: messageOutput, understood: z.array(understoodOutput) }))
    .mutation(({ ctx, input }) => sendMessage(ctx, input)),

  /** Stores up to 500 messages of past conversations. Nothing in them is acted on. */
  ingest: userProcedure
    .input(
      z.strictObject({
        conversationId: idInput.optional(),
        messages: z
          .array(messageInput)
          .min(1, "must hold at least one message")
          .max(largestIngest, `must hold at most ${largestIngest} messages: send the rest in another call`),
      }),
    )
    .output(z.object({ items: z.array(z.object({ id: idInput, created: z.boolean() })), created: z.number() }))
    .mutation(async ({ ctx, input }) => {
      const rows = input.messages.map((message, at) => {
        if (message.conversationId !== undefined && input.conversationId !== undefined && message.conversationId !== input.conversationId) {
          throw badInput(["messages", at, "conversationId"], "differs from the call's conversationId: name it in one place");
        }
        return toNewMessage({ ...message, conversationId: message.conversationId ?? input.conversationId });
      });
      const stored = await createMessageRepository(ctx.tx).storeMany(rows);
      const items = stored.map(({ message, created }) => ({ id: message.id, created }));
      const fresh = items.filter((item) => item.created);
      if (fresh.length > 0) ctx.record("messages.ingested", { messageIds: fresh.map((item) => item.id) });
      return { items, created: fresh.length };
    }),

  byId: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject({ id: idInput }))
    .output(messageOutput)
    .query(({ ctx, input }) => createMessageRepository(ctx.tx).getById(input.id)),

  /** Newest first unless `order` says otherwise. `from` is the first instant, `to` the first one after. */
  list: userProcedure
    .meta({ oneStatement: true })
    .input(
      z
        .strictObject({
          ...pageInput,
          conversationId: idInput.optional(),
          role: z.enum(messageRoles).optional(),
          source: plainText(textLimits.name).optional(),
          from: instantInput.optional(),
          to: instantInput.optional(),
          order: z.enum(["newest", "oldest"]).optional(),
        })
        .prefault({}),
    )
    .output(pageOutput(messageOutput))
    .query(({ ctx, input }) => createMessageRepository(ctx.tx).list(input)),

  /** Facts that rest on the message stay, without link and quote, unless `withFacts`. */
  delete: userProcedure
    .input(z.strictObject({ id: idInput, withFacts: z.boolean().default(false) }))
    .output(deletionOutput)
    .mutation(async ({ ctx, input }) => {
      const deletion = await createMessageRepository(ctx.tx).delete(input.id, { withFacts: input.withFacts });
      ctx.record("message.deleted", { ...deletion });
      return deletion;
    }),
});
