import { idInput, pageInput, plainText, textLimits, versionInput } from "@mema/shared";
import { createConversationRepository } from "@mema/db";
import { z } from "zod";
import { conversationOutput, deletionOutput, pageOutput } from "../outputs.ts";
import { router, userProcedure } from "../trpc.ts";

/** Small facts about a conversation for the caller's own use: at most 8 kB as JSON. */
const metadataInput = z
  .record(z.string().max(100), z.json())
  .refine((value) => JSON.stringify(value).length <= 8_192, "must have at most 8192 characters as JSON");

export const conversationsRouter = router({
  create: userProcedure
    .input(z.strictObject({ title: plainText(textLimits.title).optional(), metadata: metadataInput.optional() }).prefault({}))
    .output(conversationOutput)
    .mutation(async ({ ctx, input }) => {
      const conversation = await createConversationRepository(ctx.tx).create(input);
      ctx.record("conversation.created", { conversationId: conversation.id });
      return conversation;
    }),

  byId: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject({ id: idInput }))
    .output(conversationOutput)
    .query(({ ctx, input }) => createConversationRepository(ctx.tx).getById(input.id)),

  list: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject(pageInput).prefault({}))
    .output(pageOutput(conversationOutput))
    .query(({ ctx, input }) => createConversationRepository(ctx.tx).list(input)),

  update: userProcedure
    .input(
      z.strictObject({
        id: idInput,
        version: versionInput,
        title: plainText(textLimits.title).nullable().optional(),
        metadata: metadataInput.optional(),
      }),
    )
    .output(conversationOutput)
    .mutation(async ({ ctx, input: { id, version, ...changes } }) => {
      const conversation = await createConversationRepository(ctx.tx).update(id, version, changes);
      ctx.record("conversation.updated", { conversationId: id });
      return conversation;
    }),

  /** With all its messages. Facts that rest on them stay, without the quote, unless `withFacts`. */
  delete: userProcedure
    .input(z.strictObject({ id: idInput, withFacts: z.boolean().default(false) }))
    .output(deletionOutput)
    .mutation(async ({ ctx, input }) => {
      const deletion = await createConversationRepository(ctx.tx).delete(input.id, { withFacts: input.withFacts });
      ctx.record("conversation.deleted", { conversationId: input.id, ...deletion });
      return deletion;
    }),
});
