import { AppError, badInput, notFound } from "@mema/shared";
import { and, asc, desc, eq, gte, inArray, lt, or, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { decodeCursor, pageLimit, pageOf, timeKey } from "./cursor.ts";
import { deleteMessages } from "./deletion.ts";
import type { MessageRepository, StoredMessage } from "./interfaces.ts";
import { findNearest, withScores } from "./recall/vectors.ts";
import { createRecallIndex, messageText } from "./recall-index.repository.ts";
import { type Message, messageColumns, type NewMessage } from "./rows.ts";
import { newId } from "./schema/base.ts";
import { conversations, messages } from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";
import { searchVector } from "./text-search.ts";

const largestBatch = 500;

/** An external id without a source belongs to this one: a NULL source would make every retry a new message. */
const defaultSource = "api";

const retryKey = (message: { source?: string | null; externalId?: string | null }) => `${message.source}\n${message.externalId}`;

const selectMessage = compileQuery((db) =>
  db
    .select(messageColumns)
    .from(messages)
    .where(and(eq(messages.userId, sql.placeholder("userId")), eq(messages.id, sql.placeholder("id")))),
);

/** The messages of the transaction's user. */
export function createMessageRepository(tx: UserTransaction): MessageRepository {
  const own = eq(messages.userId, tx.userId);

  async function findById(id: string): Promise<Message | null> {
    const [row] = await selectMessage(tx, { id });
    return row ?? null;
  }

  async function insertNew(inputs: readonly NewMessage[]): Promise<(Message | null)[]> {
    // Ids made within one millisecond are in no order: sorted, the batch keeps its own.
    const ids = inputs.map(() => newId()).toSorted();
    const rows = inputs.map((input, at) => ({
      ...input,
      id: ids[at],
      userId: tx.userId,
      search: searchVector(tx.userId, input.content),
    }));
    const inserted = await tx
      .insert(messages)
      // Always in one order: two batches that hold the same messages would otherwise wait for each other.
      .values(rows.toSorted((a, b) => (retryKey(a) < retryKey(b) ? -1 : 1)))
      .onConflictDoNothing({ target: [messages.userId, messages.source, messages.externalId] })
      .returning(messageColumns);
    const byId = new Map(inserted.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async function findStored(inputs: readonly NewMessage[]): Promise<Map<string, Message>> {
    const idsBySource = Map.groupBy(inputs, (input) => input.source ?? "");
    const rows = await tx
      .select(messageColumns)
      .from(messages)
      .where(
        and(
          own,
          or(
            ...[...idsBySource].map(([source, group]) =>
              and(
                eq(messages.source, source),
                inArray(
                  messages.externalId,
                  group.flatMap((input) => input.externalId ?? []),
                ),
              ),
            ),
          ),
        ),
      );
    return new Map(rows.map((row) => [retryKey(row), row]));
  }

  async function noteLatest(created: readonly Message[]): Promise<void> {
    const conversationIds = [...new Set(created.flatMap((message) => message.conversationId ?? []))];
    if (conversationIds.length === 0) return;
    const latest = tx
      .select({ conversationId: messages.conversationId, at: sql`max(${messages.sentAt})`.as("at") })
      .from(messages)
      .where(
        and(
          own,
          isOneOf(
            messages.id,
            created.map(({ id }) => id),
          ),
        ),
      )
      .groupBy(messages.conversationId)
      .as("latest");
    await tx
      .update(conversations)
      .set({ lastMessageAt: sql`greatest(${conversations.lastMessageAt}, ${latest.at})` })
      .from(latest)
      .where(and(eq(conversations.userId, tx.userId), eq(conversations.id, latest.conversationId)));
  }

  async function storeMany(inputs: readonly NewMessage[]): Promise<StoredMessage[]> {
    if (inputs.length === 0) return [];
    if (inputs.length > largestBatch)
      throw badInput("messages", `must be at most ${largestBatch} at once: send the rest in another`, largestBatch);
    const named = inputs.map((input) => (input.externalId && !input.source ? { ...input, source: defaultSource } : input));
    const created = await insertNew(named);
    const missed = named.filter((_, at) => created[at] === null);
    const stored = missed.length === 0 ? new Map<string, Message>() : await findStored(missed);
    const fresh = created.filter((row) => row !== null);
    await noteLatest(fresh);
    await createRecallIndex(tx).addMany("message", fresh.map(messageText));
    return named.map((input, at) => {
      const row = created[at] ?? null;
      const message = row ?? stored.get(retryKey(input));
      if (message === undefined) throw new AppError("CONFLICT", "The message was deleted while it was sent again. Try again.");
      return { message, created: row !== null };
    });
  }

  return {
    storeMany,
    findById,

    async store(input) {
      const [stored] = await storeMany([input]);
      if (stored === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return stored;
    },

    async getById(id) {
      const row = await findById(id);
      if (row === null) throw notFound("Message");
      return row;
    },

    async list({ conversationId, role, source, from, to, order = "newest", ...page } = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(timeKey, page.cursor);
      const direction = order === "newest" ? desc : asc;
      const beyond = order === "newest" ? sql`<` : sql`>`;
      const rows = await tx
        .select(messageColumns)
        .from(messages)
        .where(
          and(
            own,
            conversationId === undefined ? undefined : eq(messages.conversationId, conversationId),
            role === undefined ? undefined : eq(messages.role, role),
            source === undefined ? undefined : eq(messages.source, source),
            from === undefined ? undefined : gte(messages.sentAt, from),
            to === undefined ? undefined : lt(messages.sentAt, to),
            after === null ? undefined : sql`(${messages.sentAt}, ${messages.id}) ${beyond} (${after[0]}::timestamptz, ${after[1]}::uuid)`,
          ),
        )
        .orderBy(direction(messages.sentAt), direction(messages.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.sentAt.toISOString(), row.id]);
    },

    async similaritySearch(search) {
      const near = await findNearest(tx, "message", search);
      const rows = await tx
        .select(messageColumns)
        .from(messages)
        .where(
          and(
            own,
            isOneOf(
              messages.id,
              near.map(({ id }) => id),
            ),
          ),
        );
      return withScores(rows, near);
    },

    async setProcessingStatus(id, processingStatus) {
      const [row] = await tx
        .update(messages)
        .set({ processingStatus })
        .where(and(own, eq(messages.id, id)))
        .returning(messageColumns);
      if (row === undefined) throw notFound("Message");
      return row;
    },

    async delete(id, options) {
      const deletion = await deleteMessages(tx, [id], options);
      if (deletion.messageIds.length === 0) throw notFound("Message");
      return deletion;
    },
  };
}
