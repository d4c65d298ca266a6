import { AppError, notFound } from "@mema/shared";
import { and, desc, eq, exists, lt, lte, notExists, or, type SQL, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import { deleteFacts, forgetMentions } from "./deletion.ts";
import { wasSo } from "./fact-history.ts";
import { forget, previewForget } from "./forgetting.ts";
import type { AtTime, EntityRepository } from "./interfaces.ts";
import { createRecallIndex } from "./recall-index.repository.ts";
import type { Entity } from "./rows.ts";
import { entities, factEntities, facts, reminders } from "./schema/index.ts";
import { isOneOf, staleOrMissing } from "./sql-fragments.ts";

const selectEntity = compileQuery((db) =>
  db
    .select()
    .from(entities)
    .where(and(eq(entities.userId, sql.placeholder("userId")), eq(entities.id, sql.placeholder("id")))),
);

/** The entities of the transaction's user. */
export function createEntityRepository(tx: UserTransaction): EntityRepository {
  const own = eq(entities.userId, tx.userId);

  async function findById(id: string): Promise<Entity | null> {
    const [row] = await selectEntity(tx, { id });
    return row ?? null;
  }

  async function getById(id: string): Promise<Entity> {
    const row = await findById(id);
    if (row === null) throw notFound("Entity");
    return row;
  }

  /** What tells of an entity and was believed and true at a time. */
  const toldOf = (at: AtTime) =>
    tx
      .select({ one: sql`1` })
      .from(factEntities)
      .innerJoin(facts, and(eq(facts.userId, tx.userId), eq(facts.id, factEntities.factId)))
      .where(
        and(
          eq(factEntities.userId, tx.userId),
          eq(factEntities.entityId, entities.id),
          at.asOf === undefined ? eq(facts.status, "active") : undefined,
          wasSo(at),
        ),
      );

  /** The facts linked to an entity, and of each whether it is linked to another as well. */
  async function linkedFacts(id: string): Promise<{ id: string; shared: boolean }[]> {
    const other = alias(factEntities, "other");
    const elsewhere = tx
      .select({ one: sql`1` })
      .from(other)
      .where(and(eq(other.userId, tx.userId), eq(other.factId, factEntities.factId), sql`${other.entityId} <> ${factEntities.entityId}`));
    return tx
      .select({ id: factEntities.factId, shared: sql<boolean>`${exists(elsewhere)}` })
      .from(factEntities)
      .where(and(eq(factEntities.userId, tx.userId), eq(factEntities.entityId, id)))
      .orderBy(factEntities.factId);
  }

  const indexNames = (entity: Entity) => createRecallIndex(tx).setNames(entity.id, [entity.canonicalName, ...entity.aliases]);

  return {
    findById,
    getById,
    previewForget: (selector) => previewForget(tx, selector),
    forget: (ids) => forget(tx, ids),

    async create(input) {
      const [row] = await tx
        .insert(entities)
        .values({ ...input, userId: tx.userId })
        .returning();
      if (row === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      await indexNames(row);
      return row;
    },

    findByName: (name) =>
      tx
        .select()
        .from(entities)
        .where(and(own, or(sql`lower(${entities.canonicalName}) = lower(${name})`, anyAlias(sql`lower(a.name) = lower(${name})`))))
        .orderBy(sql`lower(${entities.canonicalName}) = lower(${name}) desc`, entities.id),

    async list({ id, search, type, asOf, validAt, ...page } = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(idKey, page.cursor);
      const begins =
        search === undefined
          ? undefined
          : or(
              sql`starts_with(lower(${entities.canonicalName}), lower(${search}))`,
              anyAlias(sql`starts_with(lower(a.name), lower(${search}))`),
            );
      const rows = await tx
        .select()
        .from(entities)
        .where(
          and(
            own,
            begins,
            id === undefined ? undefined : eq(entities.id, id),
            asOf === undefined ? undefined : lte(entities.createdAt, asOf),
            validAt === undefined ? undefined : exists(toldOf({ asOf, validAt })),
            type === undefined ? undefined : eq(entities.type, type),
            after === null ? undefined : lt(entities.id, after[0]),
          ),
        )
        .orderBy(desc(entities.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },

    listByFacts: async (factIds) =>
      factIds.length === 0
        ? []
        : tx
            .select({ factId: factEntities.factId, entity: entities })
            .from(factEntities)
            .innerJoin(entities, and(eq(entities.userId, tx.userId), eq(entities.id, factEntities.entityId)))
            .where(and(eq(factEntities.userId, tx.userId), isOneOf(factEntities.factId, factIds)))
            .orderBy(factEntities.factId, entities.id),

    async update(id, version, changes) {
      const [row] = await tx
        .update(entities)
        .set({ ...changes, version: sql`${entities.version} + 1` })
        .where(and(own, eq(entities.id, id), eq(entities.version, version)))
        .returning();
      if (row === undefined) throw staleOrMissing("Entity", version, await findById(id));
      await indexNames(row);
      return row;
    },

    async merge(intoId, fromId) {
      const locked = await tx
        .select()
        .from(entities)
        .where(and(own, isOneOf(entities.id, [intoId, fromId])))
        .orderBy(entities.id)
        .for("update");
      const into = locked.find((row) => row.id === intoId);
      const from = locked.find((row) => row.id === fromId);
      if (into === undefined || from === undefined || into === from) throw notFound("Entity to merge");
      const already = alias(factEntities, "already");
      await tx
        .update(factEntities)
        .set({ entityId: intoId })
        .where(
          and(
            eq(factEntities.userId, tx.userId),
            eq(factEntities.entityId, fromId),
            notExists(
              tx
                .select({ one: sql`1` })
                .from(already)
                .where(
                  and(eq(already.userId, tx.userId), eq(already.entityId, intoId), eq(already.factId, sql`"fact_entities"."fact_id"`)),
                ),
            ),
          ),
        );
      await tx
        .update(reminders)
        .set({ entityId: intoId })
        .where(and(eq(reminders.userId, tx.userId), eq(reminders.entityId, fromId)));
      await forgetMentions(tx, [fromId]);
      await tx.delete(entities).where(and(own, eq(entities.id, fromId)));
      const [merged] = await tx
        .update(entities)
        .set({
          aliases: otherNames(into, from),
          description: [...new Set([into.description, from.description].filter((text) => text !== null))].join("\n") || null,
          version: sql`${entities.version} + 1`,
        })
        .where(and(own, eq(entities.id, intoId)))
        .returning();
      if (merged === undefined) throw notFound("Entity to merge");
      await indexNames(merged);
      return merged;
    },

    async previewDelete(id) {
      const [entity, linked, waiting] = await Promise.all([
        getById(id),
        linkedFacts(id),
        tx
          .select({ id: reminders.id })
          .from(reminders)
          .where(and(eq(reminders.userId, tx.userId), eq(reminders.entityId, id)))
          .orderBy(reminders.id),
      ]);
      return {
        entity,
        factIds: linked.filter(({ shared }) => !shared).map((fact) => fact.id),
        keptFactIds: linked.filter(({ shared }) => shared).map((fact) => fact.id),
        reminderIds: waiting.map((reminder) => reminder.id),
      };
    },

    async delete(id) {
      const [locked] = await tx
        .select({ id: entities.id })
        .from(entities)
        .where(and(own, eq(entities.id, id)))
        .for("update");
      if (locked === undefined) throw notFound("Entity");
      const alone = (await linkedFacts(id)).filter(({ shared }) => !shared);
      const deletion = await deleteFacts(
        tx,
        alone.map((fact) => fact.id),
      );
      await tx
        .update(reminders)
        .set({ entityId: null })
        .where(and(eq(reminders.userId, tx.userId), eq(reminders.entityId, id)));
      await forgetMentions(tx, [id]);
      await tx.delete(entities).where(and(own, eq(entities.id, id)));
      return { messageIds: [], ...deletion };
    },
  };
}

const anyAlias = (matches: SQL): SQL => sql`exists (select 1 from unnest(${entities.aliases}) as a(name) where ${matches})`;

/** Both entities' other names and the absorbed one's own, each once whatever its case. */
function otherNames(into: Entity, from: Entity): string[] {
  const seen = new Set([into.canonicalName.toLowerCase()]);
  return [...into.aliases, from.canonicalName, ...from.aliases].filter((name) => {
    const fresh = !seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return fresh;
  });
}
