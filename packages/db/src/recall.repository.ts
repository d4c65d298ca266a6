import { badInput, type RecallKind, textLimits } from "@mema/shared";
import { askedFactTypes, languageOfLocale, periodsOf, spansOf } from "@mema/shared/text-analysis";
import { and, eq, sql } from "drizzle-orm";
import { clockAt, databaseClock } from "./clock.ts";
import type { UserTransaction } from "./connection/access.ts";
import { findCandidates, findSaidIn, type RecallFilters } from "./recall/candidates.ts";
import { findByMeaning } from "./recall/meaning.ts";
import { readQuestion, wordless } from "./recall/question.ts";
import { type Contribution, rank } from "./recall/ranking.ts";
import type { Embedding } from "./recall/vectors.ts";
import { facts, messages, recallStatistics, users } from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";

export type { Contribution, Embedding, RecallFilters };

export interface RecallSearch extends RecallFilters {
  /** At most 4,000 characters. */
  query: string;
  limit: number;
  /** The question's vector, when there is one: what is near in meaning is found, too. */
  embedding?: Embedding | undefined;
  /** The time that "last week" counts from and recency is measured to: the database's clock unless told. */
  now?: Date;
}

/** One thing found: a message, or a fact with where it comes from. `score` is the sum of its contributions, in units of BM25. */
export interface RecallResult {
  kind: RecallKind;
  id: string;
  /** The message itself, or the one that the fact was taken from. */
  messageId: string | null;
  conversationId: string | null;
  text: string;
  author: string | null;
  /** When it was said; of a fact when it was recorded. */
  date: Date;
  score: number;
  /** A fact's words in its source message. */
  quote: { text: string; start: number; end: number } | null;
  contributions: Contribution[];
}

export interface RecallRepository {
  /** Messages and facts in one ranking, best first. Throws BAD_REQUEST for a query that is too long. */
  search(search: RecallSearch): Promise<RecallResult[]>;
}

export function createRecallRepository(tx: UserTransaction): RecallRepository {
  return {
    async search({ query, limit, now: at, embedding, ...filters }) {
      if (query.length > textLimits.query) {
        throw badInput("query", `must have at most ${textLimits.query} characters: ask for less at once`, textLimits.query);
      }
      const clock = at === undefined ? databaseClock : clockAt(at);
      const [own] = await tx
        .select({
          locale: users.locale,
          timezone: users.timezone,
          now: sql<string>`${clock}::timestamptz(3)`,
          texts: sql<number>`coalesce(${recallStatistics.documentCount}, 0)`,
        })
        .from(users)
        .leftJoin(recallStatistics, eq(recallStatistics.userId, tx.userId))
        .where(eq(users.id, tx.userId));
      if (own === undefined) return [];
      const read = await readQuestion(tx, query, languageOfLocale(own.locale));
      const meaningHits = embedding === undefined ? [] : await findByMeaning(tx, embedding, filters, own.texts);
      const now = new Date(own.now);
      const periods = periodsOf(query, now, own.timezone ?? "UTC", languageOfLocale(own.locale));
      const question = read ?? wordless;
      const candidates = read === null && meaningHits.length === 0 ? [] : await findCandidates(tx, question, filters, meaningHits);
      const ranked =
        candidates.length === 0
          ? await findSaidIn(tx, spansOf(periods, now), filters, limit)
          : rank(candidates, {
              terms: question.terms.map(({ term }) => term),
              entityWeight: question.entityWeight,
              averageLength: question.averageLength,
              now,
              periods,
              factTypes: askedFactTypes(query),
              limit,
            });
      const texts = await readTexts(tx, ranked);
      return ranked.flatMap(({ id, score, contributions }) => {
        const source = texts.get(id);
        return source === undefined ? [] : [{ ...source, score, contributions }];
      });
    },
  };
}

async function readTexts(tx: UserTransaction, found: readonly { id: string; kind: RecallKind }[]) {
  const idsOf = (kind: RecallKind) => found.filter((one) => one.kind === kind).map(({ id }) => id);
  const texts = new Map<string, Omit<RecallResult, "score" | "contributions">>();
  const [messageIds, factIds] = [idsOf("message"), idsOf("fact")];
  const [said, known] = await Promise.all([
    messageIds.length === 0
      ? []
      : tx
          .select({
            id: messages.id,
            text: messages.content,
            author: messages.author,
            date: messages.sentAt,
            conversationId: messages.conversationId,
          })
          .from(messages)
          .where(and(eq(messages.userId, tx.userId), isOneOf(messages.id, messageIds))),
    factIds.length === 0
      ? []
      : tx
          .select({
            id: facts.id,
            text: facts.content,
            date: facts.recordedAt,
            messageId: facts.sourceMessageId,
            quote: facts.sourceQuote,
            start: facts.sourceStart,
            end: facts.sourceEnd,
          })
          .from(facts)
          .where(and(eq(facts.userId, tx.userId), isOneOf(facts.id, factIds))),
  ]);
  for (const row of said) texts.set(row.id, { ...row, kind: "message", messageId: row.id, quote: null });
  for (const { quote, start, end, ...row } of known) {
    const provenance = quote === null || start === null || end === null ? null : { text: quote, start, end };
    texts.set(row.id, { ...row, kind: "fact", conversationId: null, author: null, quote: provenance });
  }
  return texts;
}
