import { AppError, badInput, notFound } from "@mema/shared";
import { and, desc, eq, exists, gte, lt, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import { deleteFacts } from "./deletion.ts";
import { versionIds, wasSo } from "./fact-history.ts";
import type { FactChanges, FactFilters, FactRepository, FactUpdate } from "./interfaces.ts";
import { findNearest, withScores } from "./recall/vectors.ts";
import { createRecallIndex, factText } from "./recall-index.repository.ts";
import { type Fact, factColumns, type NewFact } from "./rows.ts";
import { factEntities, facts, factUses, messages, reminders } from "./schema/index.ts";
import { isOneOf, staleOrMissing } from "./sql-fragments.ts";
import { searchVector } from "./text-search.ts";

type Source = Pick<NewFact, "sourceMessageId" | "sourceQuote" | "sourceStart">;

const selectFact = compileQuery((db) =>
  db
    .select(factColumns)
    .from(facts)
    .where(and(eq(facts.userId, sql.placeholder("userId")), eq(facts.id, sql.placeholder("id")))),
);

/** The facts of the transaction's user. */
export function createFactRepository(tx: UserTransaction): FactRepository {
  const own = eq(facts.userId, tx.userId);

  async function findById(id: string): Promise<Fact | null> {
    const [row] = await selectFact(tx, { id });
    return row ?? null;
  }

  async function getById(id: string): Promise<Fact> {
    const row = await findById(id);
    if (row === null) throw notFound("Fact");
    return row;
  }

  /** Where the quote stands in its message. A quote that is not there word for word is none. */
  async function quoteOffsets({
    sourceMessageId,
    sourceQuote,
    sourceStart,
  }: Source): Promise<{ sourceStart: number; sourceEnd: number } | null> {
    if (sourceQuote === undefined || sourceQuote === null) return null;
    if (sourceMessageId === undefined || sourceMessageId === null)
      throw badInput("sourceMessageId", "is needed with a quote: name the message it stands in");
    const [message] = await tx
      .select({ content: messages.content })
      .from(messages)
      .where(and(eq(messages.userId, tx.userId), eq(messages.id, sourceMessageId)));
    if (message === undefined) throw notFound("Source message");
    const start = sourceStart ?? message.content.indexOf(sourceQuote);
    if (sourceQuote === "" || start < 0 || !message.content.startsWith(sourceQuote, start)) {
      throw badInput("sourceQuote", "must be a verbatim part of the source message, at sourceStart if that is given");
    }
    return { sourceStart: start, sourceEnd: start + sourceQuote.length };
  }

  async function insert(values: Omit<typeof facts.$inferInsert, "userId" | "search">): Promise<Fact> {
    const [row] = await tx
      .insert(facts)
      .values({ ...values, userId: tx.userId, search: searchVector(tx.userId, values.content) })
      .returning(factColumns);
    if (row === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
    await createRecallIndex(tx).addMany("fact", [factText(row)]);
    return row;
  }

  async function link(factId: string, entityIds: readonly string[]): Promise<void> {
    if (entityIds.length === 0) return;
    await tx.insert(factEntities).values([...new Set(entityIds)].map((entityId) => ({ userId: tx.userId, factId, entityId })));
  }

  async function outdate(id: string, version: number, reason: NonNullable<Fact["outdatedReason"]>, at: Date | undefined): Promise<Fact> {
    const now = at === undefined ? sql`clock_timestamp()` : sql`${at.toISOString()}::timestamptz`;
    const [row] = await tx
      .update(facts)
      .set({
        status: "outdated",
        outdatedReason: reason,
        // Never before it was recorded: the next version begins at the same instant, so no instant belongs to both or to none.
        supersededAt: sql`greatest(${facts.recordedAt}, ${now})`,
        version: sql`${facts.version} + 1`,
      })
      .where(and(own, eq(facts.id, id), eq(facts.status, "active"), eq(facts.version, version)))
      .returning(factColumns);
    if (row !== undefined) {
      await createRecallIndex(tx).setOutdated([id], true);
      return row;
    }
    const current = await findById(id);
    if (current?.status === "outdated") {
      throw new AppError("CONFLICT", "This version of the fact is outdated: its history tells the version that is current.");
    }
    throw staleOrMissing("Fact", version, current);
  }

  async function update(
    id: string,
    version: number,
    { reason = "superseded", entityIds, ...changes }: FactChanges,
    at?: Date,
  ): Promise<FactUpdate> {
    const previous = await outdate(id, version, reason, at);
    const rewritten = changes.content !== undefined && changes.content !== previous.content;
    const keepsSource = !rewritten && changes.sourceMessageId === undefined && changes.sourceQuote === undefined;
    const source = keepsSource
      ? {
          sourceMessageId: previous.sourceMessageId,
          sourceQuote: previous.sourceQuote,
          sourceStart: previous.sourceStart,
          sourceEnd: previous.sourceEnd,
        }
      : { sourceMessageId: changes.sourceMessageId ?? null, sourceQuote: changes.sourceQuote ?? null, ...(await quoteOffsets(changes)) };
    const fact = await insert({
      factType: changes.factType ?? previous.factType,
      content: changes.content ?? previous.content,
      eventDate: changes.eventDate === undefined ? previous.eventDate : changes.eventDate,
      temporalSensitivity: changes.temporalSensitivity ?? previous.temporalSensitivity,
      validFrom: changes.validFrom === undefined ? previous.validFrom : changes.validFrom,
      validTo: changes.validTo === undefined ? previous.validTo : changes.validTo,
      confidence: changes.confidence ?? previous.confidence,
      ...source,
      previousVersionId: previous.id,
      recordedAt: previous.supersededAt ?? undefined,
    });
    if (entityIds === undefined) await copyLinks(previous.id, fact.id);
    else await link(fact.id, entityIds);
    return { fact, previous, reminderIds: await moveReminders(previous.id, fact.id) };
  }

  /** The version that undoing takes back to: the one before a correction, the fact itself after it was taken back. */
  async function undone(id: string): Promise<Fact> {
    const current = await getById(id);
    if (current.status === "outdated") {
      if ((await versionIds(tx, [id])).at(-1) === id) return current;
      throw new AppError("CONFLICT", "This version of the fact is outdated: its history tells the version that is current.");
    }
    if (current.previousVersionId !== null) return getById(current.previousVersionId);
    throw new AppError("CONFLICT", "This is the fact's first version: there is no correction to undo. Retract or delete it.");
  }

  async function copyLinks(fromId: string, toId: string): Promise<void> {
    await tx.insert(factEntities).select(
      tx
        .select({
          userId: factEntities.userId,
          createdAt: sql`now()`.as("created_at"),
          factId: sql`${toId}::uuid`.as("fact_id"),
          entityId: factEntities.entityId,
        })
        .from(factEntities)
        .where(and(eq(factEntities.userId, tx.userId), eq(factEntities.factId, fromId))),
    );
  }

  /** Reminders that hang on a version go over to the next one. Those that are timed by it. */
  async function moveReminders(fromId: string, toId: string): Promise<string[]> {
    await tx
      .update(reminders)
      .set({ factId: toId })
      .where(and(eq(reminders.userId, tx.userId), eq(reminders.factId, fromId)));
    const timed = await tx
      .update(reminders)
      .set({ anchorFactId: toId })
      .where(and(eq(reminders.userId, tx.userId), eq(reminders.anchorFactId, fromId)))
      .returning({ id: reminders.id });
    return timed.map((row) => row.id);
  }

  return {
    findById,
    getById,

    async getVersion(id, { asOf, validAt }) {
      const [row] = await tx
        .select(factColumns)
        .from(facts)
        .where(
          and(
            own,
            isOneOf(facts.id, await versionIds(tx, [id])),
            asOf === undefined ? eq(facts.status, "active") : undefined,
            wasSo({ asOf, validAt }),
          ),
        )
        .orderBy(desc(facts.recordedAt), desc(facts.id))
        .limit(1);
      if (row === undefined) throw notFound("Version of the fact at that time");
      return row;
    },

    async create({ entityIds = [], ...input }) {
      const fact = await insert({ ...input, ...(await quoteOffsets(input)) });
      await link(fact.id, entityIds);
      return fact;
    },

    async list({ cursor, limit: asked, ...filters } = {}) {
      const limit = pageLimit(asked);
      const after = decodeCursor(idKey, cursor);
      const rows = await tx
        .select(factColumns)
        .from(facts)
        .where(and(own, ...conditions(tx, filters), after === null ? undefined : lt(facts.id, after[0])))
        .orderBy(desc(facts.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },

    update,

    async retract(id, version, reason = "retracted", at) {
      const fact = await outdate(id, version, reason, at);
      const timed = await tx
        .select({ id: reminders.id })
        .from(reminders)
        .where(and(eq(reminders.userId, tx.userId), eq(reminders.anchorFactId, id)));
      return { fact, reminderIds: timed.map((row) => row.id) };
    },

    async undo(id, version) {
      const target = await undone(id);
      const { id: targetId, content, factType, eventDate, temporalSensitivity, validFrom, validTo, confidence } = target;
      const fields = { content, factType, eventDate, temporalSensitivity, validFrom, validTo, confidence };
      const { sourceMessageId, sourceQuote, sourceStart, sourceEnd } = target;
      if (targetId !== id) {
        const linked = await tx
          .select({ id: factEntities.entityId })
          .from(factEntities)
          .where(and(eq(factEntities.userId, tx.userId), eq(factEntities.factId, targetId)));
        return update(id, version, { ...fields, sourceMessageId, sourceQuote, sourceStart, entityIds: linked.map((row) => row.id) });
      }
      if (target.version !== version) throw staleOrMissing("Fact", version, target);
      const fact = await insert({ ...fields, sourceMessageId, sourceQuote, sourceStart, sourceEnd, previousVersionId: id });
      await copyLinks(id, fact.id);
      return { fact, previous: target, reminderIds: await moveReminders(id, fact.id) };
    },

    async delete(id, { allVersions = false } = {}) {
      const ids = allVersions ? await versionIds(tx, [id]) : [id];
      const deletion = await deleteFacts(tx, ids);
      if (deletion.factIds.length === 0) throw notFound("Fact");
      return { messageIds: [], ...deletion };
    },

    async similaritySearch(search) {
      const near = await findNearest(tx, "fact", search, { condition: sql`v.status = 'active'` });
      const rows = await tx
        .select(factColumns)
        .from(facts)
        .where(
          and(
            own,
            isOneOf(
              facts.id,
              near.map(({ id }) => id),
            ),
          ),
        );
      return withScores(rows, near);
    },

    async history(id) {
      const ids = await versionIds(tx, [id]);
      if (ids.length === 0) throw notFound("Fact");
      const rows = await tx
        .select(factColumns)
        .from(facts)
        .where(and(own, isOneOf(facts.id, ids)));
      return rows.toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    },

    async recordUses(uses) {
      if (uses.length === 0) return;
      await tx.insert(factUses).values(uses.map((use) => ({ ...use, userId: tx.userId })));
    },

    async listUses(of) {
      const which = "factId" in of ? eq(factUses.factId, of.factId) : eq(factUses.messageId, of.messageId);
      return tx
        .select()
        .from(factUses)
        .where(and(eq(factUses.userId, tx.userId), which))
        .orderBy(desc(factUses.id));
    },
  };
}

function conditions(tx: UserTransaction, filters: Omit<FactFilters, "cursor" | "limit">): (SQL | undefined)[] {
  const { factType, status, entityId, sourceMessageId, asOf, validAt, from, to } = filters;
  const about = (entity: string) =>
    exists(
      tx
        .select({ one: sql`1` })
        .from(factEntities)
        .where(and(eq(factEntities.userId, tx.userId), eq(factEntities.factId, facts.id), eq(factEntities.entityId, entity))),
    );
  return [
    factType === undefined ? undefined : eq(facts.factType, factType),
    status === undefined ? undefined : eq(facts.status, status),
    sourceMessageId === undefined ? undefined : eq(facts.sourceMessageId, sourceMessageId),
    entityId === undefined ? undefined : about(entityId),
    wasSo({ asOf, validAt }),
    from === undefined ? undefined : gte(facts.recordedAt, from),
    to === undefined ? undefined : lt(facts.recordedAt, to),
  ];
}
