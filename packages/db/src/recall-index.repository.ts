import type { FactStatus, RecallKind } from "@mema/shared";
import { languageOfLocale, termFrequencies } from "@mema/shared/text-analysis";
import { and, eq, gt, inArray, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { facts, messages, recallDocuments, recallNames, recallPostings, users } from "./schema/index.ts";

/** What is indexed of a message or a fact. */
export interface RecallText {
  text: string;
  /** When it was said, or believed. */
  at: Date;
  conversationId?: string | null;
  /** Who said it. Found as a word of the text, too. Without one, `Name:` in front of the text counts. */
  author?: string | null;
  /** No longer believed: found only with `asOf`. */
  outdated?: boolean;
}

/** Keeps what `recall` searches. Its writes belong into the transaction of the source's write. */
export interface RecallIndex {
  /** Indexes a message or fact that is stored already and not indexed. */
  add(kind: RecallKind, id: string, document: RecallText): Promise<void>;
  /** The same for many, in a number of statements that does not grow with them. */
  addMany(kind: RecallKind, documents: readonly (RecallText & { id: string })[]): Promise<void>;
  /** Forgets documents whose source stays. A deleted source takes its document along by itself. */
  remove(kind: RecallKind, ids: readonly string[]): Promise<void>;
  /** Says whether facts are still believed. */
  setOutdated(factIds: readonly string[], outdated: boolean): Promise<void>;
  /** Indexes all messages and facts anew: the user's language is another. As slow as there are many. */
  rebuild(): Promise<void>;
  /** The words by which an entity is called: its canonical name and aliases; replaces those of before. */
  setNames(entityId: string, names: readonly string[]): Promise<void>;
}

/** What is indexed of a stored message. */
export const messageText = (message: {
  id: string;
  content: string;
  sentAt: Date;
  conversationId: string | null;
  author: string | null;
}) => ({
  id: message.id,
  text: message.content,
  at: message.sentAt,
  conversationId: message.conversationId,
  author: message.author,
});

/** What is indexed of a stored fact. */
export const factText = (fact: { id: string; content: string; recordedAt: Date; status: FactStatus }) => ({
  id: fact.id,
  text: fact.content,
  at: fact.recordedAt,
  outdated: fact.status === "outdated",
});

/** `Caroline: I went ...`, as transcripts are written. */
const speakerPrefix = /^\s*([\p{Lu}\p{Lo}][\p{L}\p{M}.'’ -]{0,40}?)\s*[:：]\s/u;

/** Ends in a question, whatever note in brackets follows. */
const asking = /[?？؟]["'”’»)\s]*(?:\[[^\]]*\]\s*)?$/u;

const rebuiltAtOnce = 500;
const firstId = "00000000-0000-0000-0000-000000000000";

export function createRecallIndex(tx: UserTransaction): RecallIndex {
  const ownLanguage = async () => {
    const [own] = await tx.select({ locale: users.locale }).from(users).where(eq(users.id, tx.userId));
    return languageOfLocale(own?.locale);
  };

  const remove = async (kind: RecallKind, ids: readonly string[]) => {
    if (ids.length === 0) return;
    await tx
      .delete(recallDocuments)
      .where(and(eq(recallDocuments.userId, tx.userId), eq(recallDocuments.kind, kind), inArray(recallDocuments.id, [...ids])));
  };

  const addMany = async (kind: RecallKind, documents: readonly (RecallText & { id: string })[]) => {
    if (documents.length === 0) return;
    const language = await ownLanguage();
    const rows = documents.map(({ id, text, at, conversationId, author, outdated }) => {
      const speaker = author || speakerPrefix.exec(text)?.[1];
      const { frequencies, length } = termFrequencies(author ? `${author} ${text}` : text, language);
      return {
        id,
        at: at.toISOString(),
        conversation: conversationId ?? null,
        outdated: outdated ?? false,
        length,
        asks: asking.test(text),
        speaker: speaker === undefined ? [] : [...termFrequencies(speaker, language).frequencies.keys()],
        terms: [...frequencies.keys()],
        frequencies: [...frequencies.values()].map((frequency) => Math.min(frequency, 32_767)),
      };
    });
    const source = sql`json_to_recordset(${JSON.stringify(rows)}::json) as d (id uuid, at timestamptz, conversation uuid, outdated boolean, length integer, asks boolean, speaker text[], terms text[], frequencies smallint[])`;
    const stored = tx.execute(sql`
      insert into recall_documents (user_id, id, kind, message_id, fact_id, conversation_id, at, length, asks, speaker)
      select ${tx.userId}::uuid, d.id, ${kind}, ${kind === "message" ? sql`d.id` : sql`null`}, ${kind === "fact" ? sql`d.id` : sql`null`},
        d.conversation, d.at, d.length, d.asks, d.speaker
      from ${source}`);
    const posted = tx.execute(sql`
      insert into recall_postings (user_id, term, document_id, frequency, length, outdated)
      select ${tx.userId}::uuid, t.term, d.id, t.frequency, d.length, d.outdated
      from ${source}, unnest(d.terms, d.frequencies) as t (term, frequency)`);
    await Promise.all([stored, posted]);
  };

  return {
    add: (kind, id, document) => addMany(kind, [{ ...document, id }]),
    addMany,
    remove,

    async rebuild() {
      await tx.delete(recallDocuments).where(eq(recallDocuments.userId, tx.userId));
      for (let after = firstId; ;) {
        const rows = await tx
          .select()
          .from(messages)
          .where(and(eq(messages.userId, tx.userId), gt(messages.id, after)))
          .orderBy(messages.id)
          .limit(rebuiltAtOnce);
        await addMany("message", rows.map(messageText));
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.id;
      }
      for (let after = firstId; ;) {
        const rows = await tx
          .select()
          .from(facts)
          .where(and(eq(facts.userId, tx.userId), gt(facts.id, after)))
          .orderBy(facts.id)
          .limit(rebuiltAtOnce);
        await addMany("fact", rows.map(factText));
        const last = rows.at(-1);
        if (last === undefined) break;
        after = last.id;
      }
    },

    async setOutdated(factIds, outdated) {
      if (factIds.length === 0) return;
      await tx
        .update(recallPostings)
        .set({ outdated })
        .where(and(eq(recallPostings.userId, tx.userId), inArray(recallPostings.documentId, [...factIds])));
    },

    async setNames(entityId, names) {
      await tx.delete(recallNames).where(and(eq(recallNames.userId, tx.userId), eq(recallNames.entityId, entityId)));
      const { frequencies } = termFrequencies(names.join("\n"), await ownLanguage());
      if (frequencies.size === 0) return;
      await tx.insert(recallNames).values([...frequencies.keys()].map((term) => ({ userId: tx.userId, entityId, term })));
    },
  };
}
