import { createIsolationProofRepository, withWorker } from "@mema/db";
import { isoInstant } from "@mema/shared";
import { z } from "zod";
import { adminProcedure, router } from "../trpc.ts";

export const systemRouter = router({
  /** What the newest `npm run db:check` came to; null when it has not run on this database. */
  isolationProof: adminProcedure
    .output(
      z
        .object({
          at: isoInstant,
          ok: z.boolean(),
          engine: z.string(),
          postgresVersion: z.string(),
          rules: z.number(),
          findings: z.number(),
          properties: z.array(
            z.object({ property: z.string(), guarantee: z.string(), objects: z.number(), attempts: z.number(), violations: z.number() }),
          ),
        })
        .nullable(),
    )
    .query(async ({ ctx }) => {
      const last = await withWorker(ctx.services.db, (tx) => createIsolationProofRepository(tx).last(), { readOnly: true });
      if (last === null) return null;
      const { createdAt: at, proof: properties, ...rest } = last;
      return { at, ...rest, properties };
    }),
});
