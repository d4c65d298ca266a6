import { badInput, entityTypes, idInput, instantInput, notFound, pageInput, plainText, textLimits, versionInput } from "@mema/shared";
import { createEntityRepository } from "@mema/db";
import { z } from "zod";
import { deletionOutput, entityOutput, pageOutput } from "../outputs.ts";
import { router, userProcedure } from "../trpc.ts";

const aliasesInput = z.array(plainText(textLimits.name)).max(50, "must hold at most 50 names");
const atTime = { asOf: instantInput.optional(), validAt: instantInput.optional() };
const idsInput = z.array(idInput).max(1_000, "must name at most 1000: forget in several calls").optional();

export const entitiesRouter = router({
  create: userProcedure
    .input(
      z.strictObject({
        canonicalName: plainText(textLimits.name),
        aliases: aliasesInput.optional(),
        type: z.enum(entityTypes).optional(),
        description: plainText(textLimits.fact).optional(),
      }),
    )
    .output(entityOutput)
    .mutation(async ({ ctx, input }) => {
      const entity = await createEntityRepository(ctx.tx).create(input);
      ctx.record("entity.created", { entityId: entity.id });
      return entity;
    }),

  /** With `asOf` or `validAt` NOT_FOUND when it was not known then, or no fact about it was true then. */
  byId: userProcedure
    .meta({ oneStatement: true })
    .input(z.strictObject({ id: idInput, ...atTime }))
    .output(entityOutput)
    .query(async ({ ctx, input }) => {
      const { items } = await createEntityRepository(ctx.tx).list({ ...input, limit: 1 });
      const [entity] = items;
      if (entity === undefined) throw notFound("Entity");
      return entity;
    }),

  /**
   * `search` is the beginning of a name or alias, whatever its case. `asOf`: those known then; `validAt`: those of whom a fact was true
   * then. Names are those of today.
   */
  list: userProcedure
    .meta({ oneStatement: true })
    .input(
      z
        .strictObject({ ...pageInput, ...atTime, search: plainText(textLimits.name).optional(), type: z.enum(entityTypes).optional() })
        .prefault({}),
    )
    .output(pageOutput(entityOutput))
    .query(({ ctx, input }) => createEntityRepository(ctx.tx).list(input)),

  update: userProcedure
    .input(
      z.strictObject({
        id: idInput,
        version: versionInput,
        canonicalName: plainText(textLimits.name).optional(),
        aliases: aliasesInput.optional(),
        type: z.enum(entityTypes).optional(),
        description: plainText(textLimits.fact).nullable().optional(),
      }),
    )
    .output(entityOutput)
    .mutation(async ({ ctx, input: { id, version, ...changes } }) => {
      const entity = await createEntityRepository(ctx.tx).update(id, version, changes);
      ctx.record("entity.updated", { entityId: id });
      return entity;
    }),

  /** `fromId` becomes part of `intoId`: facts, reminders and names move, the histories of both stay. */
  merge: userProcedure
    .input(z.strictObject({ intoId: idInput, fromId: idInput }))
    .output(entityOutput)
    .mutation(async ({ ctx, input }) => {
      if (input.intoId === input.fromId) throw badInput("fromId", "is the same as intoId: name two entities");
      const entity = await createEntityRepository(ctx.tx).merge(input.intoId, input.fromId);
      ctx.record("entity.merged", { entityId: entity.id, mergedId: input.fromId });
      return entity;
    }),

  /** What `delete` would remove and what it would only unlink. */
  previewDelete: userProcedure
    .input(z.strictObject({ id: idInput }))
    .output(z.object({ entity: entityOutput, factIds: z.array(idInput), keptFactIds: z.array(idInput), reminderIds: z.array(idInput) }))
    .query(({ ctx, input }) => createEntityRepository(ctx.tx).previewDelete(input.id)),

  /** Facts that are linked to nothing else go too; the others lose the link. */
  delete: userProcedure
    .input(z.strictObject({ id: idInput }))
    .output(deletionOutput)
    .mutation(async ({ ctx, input }) => {
      const deletion = await createEntityRepository(ctx.tx).delete(input.id);
      ctx.record("entity.deleted", { entityId: input.id, ...deletion });
      return deletion;
    }),

  /** Everything about an entity (`entityId`), or everything that holds these words next to each other (`words`): what there is to forget. */
  previewForget: userProcedure
    .input(
      z.union([z.strictObject({ entityId: idInput }), z.strictObject({ words: plainText(textLimits.name) })], "needs entityId or words"),
    )
    .output(
      z.object({
        entities: z.array(z.object({ id: idInput, canonicalName: z.string() })),
        facts: z.array(z.object({ id: idInput, content: z.string() })),
        messages: z.array(z.object({ id: idInput, content: z.string() })),
        reminders: z.array(z.object({ id: idInput, title: z.string() })),
      }),
    )
    .query(({ ctx, input }) => createEntityRepository(ctx.tx).previewForget(input)),

  /** Removes exactly what is named, for good: what was previewed and confirmed. The answer holds what was there to remove. */
  forget: userProcedure
    .input(z.strictObject({ entityIds: idsInput, factIds: idsInput, messageIds: idsInput, reminderIds: idsInput }))
    .output(deletionOutput.extend({ entityIds: z.array(idInput), reminderIds: z.array(idInput) }))
    .mutation(async ({ ctx, input: { entityIds = [], factIds = [], messageIds = [], reminderIds = [] } }) => {
      const forgotten = await createEntityRepository(ctx.tx).forget({ entityIds, factIds, messageIds, reminderIds });
      if (Object.values(forgotten).some((ids) => ids.length > 0)) ctx.record("memory.forgotten", { ...forgotten });
      return forgotten;
    }),
});
