import { idInput, instantInput, plainText, recallKinds, textLimits } from "@mema/shared";
import { z } from "zod";
import { recallResultOutput } from "../outputs.ts";
import { searchMemory } from "../services/recall.ts";
import { router, userProcedure } from "../trpc.ts";

const searchInput = z.strictObject({
  query: plainText(textLimits.query),
  limit: z.int().min(1).max(100, "must be at most 100").default(10),
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
  /** Adds to each result what its score is made of. */
  explain: z.boolean().default(false),
});

export const recallRouter = router({
  /** Messages and facts in one ranking, best first, each with where it comes from. Long queries go by POST. */
  search: userProcedure
    .input(searchInput)
    .output(z.object({ results: z.array(recallResultOutput) }))
    .query(async ({ ctx, input: { explain, ...search } }) => {
      const { results } = await searchMemory(ctx.tx, search);
      return { results: results.map(({ contributions, ...result }) => (explain ? { ...result, contributions } : result)) };
    }),
});
