import { checkReadiness } from "@mema/db";
import { z } from "zod";
import { publicProcedure, router } from "../trpc.ts";

export const healthRouter = router({
  /** Whether the server can be used, as /readyz says it. */
  check: publicProcedure
    .output(z.object({ ok: z.boolean(), checks: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().optional() })) }))
    .query(async ({ ctx }) => {
      const checks = await checkReadiness(ctx.services.db);
      return { ok: checks.every((check) => check.ok), checks };
    }),
});
