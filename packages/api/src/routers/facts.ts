import {
  factStatuses,
  factTypes,
  idInput,
  instantInput,
  outdatedReasons,
  pageInput,
  plainText,
  temporalSensitivities,
  textLimits,
  versionInput,
} from "@mema/shared";
import { createFactRepository } from "@mema/db";
import { z } from "zod";
import { deletionOutput, factOutput, pageOutput } from "../outputs.ts";
import { reanchorReminders } from "../services/reminders.ts";
import { router, userProcedure } from "../trpc.ts";

const factFields = {
  content: plainText(textLimits.fact),
  factType: z.enum(factTypes).optional(),
  temporalSensitivity: z.enum(temporalSensitivities).optional(),
  eventDate: z.iso.date("must be a date as YYYY-MM-DD").nullable().optional(),
  validFrom: instantInput.nullable().optional(),
  validTo: instantInput.nullable().optional(),
  confidence: z.number().min(0).max(1).optional(),
  entityIds: z.array(idInput).max(50, "must name at most 50 entities").optional(),
};

/** On what a fact rests: words of a stored message, verbatim. */
const provenance = {
  sourceMessageId: idInput.optional(),
  sourceQuote: plainText(textLimits.quote).optional(),
};

export const factsRouter = router({
  create: userProcedure
    .input(z.strictObject({ ...factFields, ...provenance }))
    .output(factOutput)
    .mutation(async ({ ctx, input }) => {
      const fact = await createFactRepository(ctx.tx).create(input);
      ctx.record("fact.created", { factId: fact.id });
      return fact;
    }),

  /** This version, or with `asOf` (believed then) or `validAt` (true then) the version of the same fact that was. */
  byId: userProcedure
    .input(z.strictObject({ id: idInput, asOf: instantInput.optional(), validAt: instantInput.optional() }))
    .output(factOutput)
    .query(({ ctx, input: { id, ...at } }) => {
      const repository = createFactRepository(ctx.tx);
      return at.asOf === undefined && at.validAt === undefined ? repository.getById(id) : repository.getVersion(id, at);
    }),

  /** Active facts unless `status` or `asOf` says otherwise. `asOf`: what was believed then; `validAt`: what was true then. */
  list: userProcedure
    .meta({ oneStatement: true })
    .input(
      z
        .strictObject({
          ...pageInput,
          factType: z.enum(factTypes).optional(),
          status: z.enum(factStatuses).optional(),
          entityId: idInput.optional(),
          sourceMessageId: idInput.optional(),
          asOf: instantInput.optional(),
          validAt: instantInput.optional(),
          from: instantInput.optional(),
          to: instantInput.optional(),
        })
        .prefault({}),
    )
    .output(pageOutput(factOutput))
    .query(({ ctx, input }) =>
      createFactRepository(ctx.tx).list({ ...input, status: input.status ?? (input.asOf === undefined ? "active" : undefined) }),
    ),

  /** A correction: a new version takes the old one's place, which stays as outdated. Reminders that hang on the fact move with it. */
  update: userProcedure
    .input(z.strictObject({ id: idInput, version: versionInput, ...factFields, content: factFields.content.optional(), ...provenance }))
    .output(z.object({ fact: factOutput, previous: factOutput, movedReminderIds: z.array(idInput) }))
    .mutation(async ({ ctx, input: { id, version, ...changes } }) => {
      const { fact, previous, reminderIds } = await createFactRepository(ctx.tx).update(id, version, changes);
      await reanchorReminders(ctx.tx, fact.id);
      ctx.record("fact.updated", { factId: fact.id, previousFactId: previous.id, reminderIds });
      return { fact, previous, movedReminderIds: reminderIds };
    }),

  /** Undoes the last correction, or a retraction: a new version that says what was said before. The history keeps all of them. */
  undo: userProcedure
    .input(z.strictObject({ id: idInput, version: versionInput }))
    .output(z.object({ fact: factOutput, previous: factOutput, movedReminderIds: z.array(idInput) }))
    .mutation(async ({ ctx, input }) => {
      const { fact, previous, reminderIds } = await createFactRepository(ctx.tx).undo(input.id, input.version);
      await reanchorReminders(ctx.tx, fact.id);
      ctx.record("fact.updated", { factId: fact.id, previousFactId: previous.id, reminderIds });
      return { fact, previous, movedReminderIds: reminderIds };
    }),

  /** Takes a fact back without another in its place; it stays in its history. */
  retract: userProcedure
    .input(
      z.strictObject({ id: idInput, version: versionInput, reason: z.enum(outdatedReasons).exclude(["superseded"]).default("retracted") }),
    )
    .output(factOutput)
    .mutation(async ({ ctx, input }) => {
      const { fact, reminderIds } = await createFactRepository(ctx.tx).retract(input.id, input.version, input.reason);
      await reanchorReminders(ctx.tx, fact.id);
      ctx.record("fact.retracted", { factId: fact.id, reminderIds });
      return fact;
    }),

  /** Every version, the oldest first, from any one of them. */
  history: userProcedure
    .input(z.strictObject({ id: idInput }))
    .output(z.object({ items: z.array(factOutput), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => ({ items: await createFactRepository(ctx.tx).history(input.id), nextCursor: null })),

  /** Removes a version for good and closes its history over the gap; `allVersions` removes the whole history. */
  delete: userProcedure
    .input(z.strictObject({ id: idInput, allVersions: z.boolean().default(true) }))
    .output(deletionOutput)
    .mutation(async ({ ctx, input }) => {
      const deletion = await createFactRepository(ctx.tx).delete(input.id, { allVersions: input.allVersions });
      ctx.record("fact.deleted", { ...deletion });
      return deletion;
    }),
});
