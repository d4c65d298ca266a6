import { badInput, idInput, instantInput, keyScopes, plainText, textLimits } from "@mema/shared";
import { createApiKeyRepository } from "@mema/db";
import { z } from "zod";
import { apiKeyOutput, pageOutput } from "../outputs.ts";
import { router, userProcedure } from "../trpc.ts";

export const apiKeysRouter = router({
  /** A new key of this user. It is in the answer and never again: only its hash is stored. */
  create: userProcedure
    .meta({ answersWithSecret: true })
    .input(
      z.strictObject({
        name: plainText(textLimits.name),
        scopes: z.array(z.enum(keyScopes)).min(1, "name at least one: read, write").max(keyScopes.length).default(["read", "write"]),
        expiresAt: instantInput.optional(),
      }),
    )
    .output(z.object({ apiKey: z.string(), key: apiKeyOutput }))
    .mutation(async ({ ctx, input }) => {
      const created = await createApiKeyRepository(ctx.tx).create({ ...input, scopes: [...new Set(input.scopes)] });
      const { apiKey: key, token } = created;
      if (key.expiresAt !== null && key.expiresAt <= key.createdAt)
        throw badInput("expiresAt", "is in the past: name a later instant or none");
      ctx.record("api_key.created", { apiKeyId: key.id });
      return { apiKey: token, key };
    }),

  list: userProcedure
    .meta({ oneStatement: true })
    .output(pageOutput(apiKeyOutput))
    .query(async ({ ctx }) => ({ items: await createApiKeyRepository(ctx.tx).list(), nextCursor: null })),

  /** Ends a key at once. */
  revoke: userProcedure
    .input(z.strictObject({ id: idInput }))
    .output(apiKeyOutput)
    .mutation(async ({ ctx, input }) => {
      const key = await createApiKeyRepository(ctx.tx).revoke(input.id);
      ctx.record("api_key.revoked", { apiKeyId: key.id });
      return key;
    }),
});
