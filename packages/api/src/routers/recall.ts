import { idInput, instantInput, plainText, recallKinds, textLimits } from "@mema/shared";
import { z } from "zod";
import { recallResultOutput } from "../outputs.ts";
import { type Meaning, meaningStates } from "../services/embeddings/question.ts";
import { packMemory, searchMemory } from "../services/recall.ts";
import { router, userProcedure } from "../trpc.ts";

/** What results are limited to. */
const limits = {
  kinds: z.array(z.enum(recallKinds)).min(1, "name at least one kind").optional(),
  /** Facts about one of these, and the messages they came from. */
  entityIds: z.array(idInput).min(1).max(100).optional(),
  from: instantInput.optional(),
  to: instantInput.optional(),
  conversationId: idInput.optional(),
  /** What was believed then. */
  asOf: instantInput.optional(),
  /** What was true then. */
  validAt: instantInput.optional(),
};

/** Whether meanings were compared, too, and why not: no endpoint is set up, it did not answer in time, the user's quota is used up. */
const meaningOutput = z.enum(meaningStates);
const embeddingOf = (meaning: Meaning) => (meaning.state === "used" ? { embedding: meaning.embedding } : {});

const searchInput = z.strictObject({
  query: plainText(textLimits.query),
  limit: z.int().min(1).max(100, "must be at most 100").default(10),
  ...limits,
  /** Adds to each result what its score is made of. */
  explain: z.boolean().default(false),
});

export const recallRouter = router({
  /** Messages and facts in one ranking, best first, each with where it comes from. Long queries go by POST. */
  search: userProcedure
    .meta({ asksByMeaning: true })
    .input(searchInput)
    .output(z.object({ results: z.array(recallResultOutput), meaning: meaningOutput }))
    .query(async ({ ctx, input: { explain, ...search } }) => {
      const { results } = await searchMemory(ctx.tx, { ...search, ...embeddingOf(ctx.meaning) });
      const shown = results.map(({ contributions, ...result }) => (explain ? { ...result, contributions } : result));
      return { results: shown, meaning: ctx.meaning.state };
    }),

  /**
   * The best results as one text for a model's prompt: at most `maxTokens` (estimated), nothing twice, marked as data. Facts in it are
   * recorded as used, for the answer `messageId` when given.
   */
  pack: userProcedure
    .meta({ asksByMeaning: true })
    .input(
      z.strictObject({
        query: plainText(textLimits.query),
        maxTokens: z.int().min(100, "must be at least 100").max(100_000, "must be at most 100000"),
        messageId: idInput.optional(),
        ...limits,
      }),
    )
    .output(
      z.object({
        text: z.string(),
        tokens: z.number(),
        items: z.array(recallResultOutput.omit({ contributions: true })),
        meaning: meaningOutput,
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const packed = await packMemory(ctx.tx, { ...input, ...embeddingOf(ctx.meaning) });
      const factIds = packed.items.filter(({ kind }) => kind === "fact").map(({ id }) => id);
      if (factIds.length > 0) ctx.record("facts.used", { factIds });
      return { ...packed, meaning: ctx.meaning.state };
    }),
});
