import { AppError, notFound } from "@mema/shared";
import { and, desc, eq, lt, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { decodeCursor, idKey, pageLimit, pageOf } from "./cursor.ts";
import { deleteMessages, forgetMentions } from "./deletion.ts";
import type { ConversationRepository } from "./interfaces.ts";
import type { Conversation } from "./rows.ts";
import { conversations, messages } from "./schema/index.ts";
import { staleOrMissing } from "./sql-fragments.ts";

const selectConversation = compileQuery((db) =>
  db
    .select()
    .from(conversations)
    .where(and(eq(conversations.userId, sql.placeholder("userId")), eq(conversations.id, sql.placeholder("id")))),
);

/** The conversations of the transaction's user. */
export function createConversationRepository(tx: UserTransaction): ConversationRepository {
  const own = eq(conversations.userId, tx.userId);

  async function findById(id: string): Promise<Conversation | null> {
    const [row] = await selectConversation(tx, { id });
    return row ?? null;
  }

  return {
    findById,

    async getById(id) {
      const row = await findById(id);
      if (row === null) throw notFound("Conversation");
      return row;
    },

    async create(input) {
      const [row] = await tx
        .insert(conversations)
        .values({ ...input, userId: tx.userId })
        .returning();
      if (row === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return row;
    },

    async list(page = {}) {
      const limit = pageLimit(page.limit);
      const after = decodeCursor(idKey, page.cursor);
      const rows = await tx
        .select()
        .from(conversations)
        .where(and(own, after === null ? undefined : lt(conversations.id, after[0])))
        .orderBy(desc(conversations.id))
        .limit(limit + 1);
      return pageOf(rows, limit, (row) => [row.id]);
    },

    async update(id, version, changes) {
      const [row] = await tx
        .update(conversations)
        .set({ ...changes, version: sql`${conversations.version} + 1` })
        .where(and(own, eq(conversations.id, id), eq(conversations.version, version)))
        .returning();
      if (row === undefined) throw staleOrMissing("Conversation", version, await findById(id));
      return row;
    },

    async delete(id, options) {
      // Locked first: a message that is being added either is seen here or finds the conversation gone.
      const [locked] = await tx
        .select({ id: conversations.id })
        .from(conversations)
        .where(and(own, eq(conversations.id, id)))
        .for("update");
      if (locked === undefined) throw notFound("Conversation");
      const rows = await tx
        .select({ id: messages.id })
        .from(messages)
        .where(and(eq(messages.userId, tx.userId), eq(messages.conversationId, id)));
      const deletion = await deleteMessages(
        tx,
        rows.map((row) => row.id),
        options,
      );
      await forgetMentions(tx, [id]);
      await tx.delete(conversations).where(and(own, eq(conversations.id, id)));
      return deletion;
    },
  };
}
