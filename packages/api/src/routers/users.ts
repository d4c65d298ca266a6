import { emailInput, idInput, localeInput, plainText, textLimits, versionInput, zoneInput } from "@mema/shared";
import { createUserRepository } from "@mema/db";
import { z } from "zod";
import { userOutput } from "../outputs.ts";
import { createUser, updateUser } from "../services/users.ts";
import { adminProcedure, router, userProcedure } from "../trpc.ts";

const profile = {
  name: plainText(textLimits.name).optional(),
  email: emailInput.optional(),
  timezone: zoneInput.optional(),
  locale: localeInput.optional(),
};

export const usersRouter = router({
  /** Creates a user with a key, shown once. For the admin key. */
  create: adminProcedure
    .meta({ answersWithSecret: true })
    .input(z.strictObject(profile).default({}))
    .output(z.object({ userId: idInput, apiKey: z.string() }))
    .mutation(({ ctx, input }) => createUser(ctx.services.db, input)),

  /** The user whose key this is. */
  me: userProcedure.output(userOutput).query(({ ctx }) => createUserRepository(ctx.tx).get()),

  /** Changes the profile. Reminders without a zone of their own follow a new time zone. */
  update: userProcedure
    .input(z.strictObject({ ...profile, version: versionInput }))
    .output(userOutput)
    .mutation(async ({ ctx, input: { version, ...changes } }) => {
      const user = await updateUser(ctx.tx, version, changes);
      ctx.record("user.updated", { fields: Object.keys(changes) });
      return user;
    }),

  /** Deletes the account and everything in it, at once and for good. */
  delete: userProcedure
    .input(z.strictObject({ confirm: z.literal("delete everything", 'must be "delete everything": this cannot be undone') }))
    .output(z.object({ deleted: z.literal(true) }))
    .mutation(async ({ ctx }) => {
      await createUserRepository(ctx.tx).delete();
      return { deleted: true as const };
    }),
});
