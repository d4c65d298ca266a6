import { badInput, type RecallKind, textLimits } from "@mema/shared";
import { languageOfLocale, queryTerms } from "@mema/shared/text-analysis";
import { and, eq, inArray, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { findCandidates, type RecallFilters, type WeightedTerm } from "./recall/candidates.ts";
import { recallParameters } from "./recall/parameters.ts";
import { type Contribution, rank } from "./recall/ranking.ts";
import { facts, messages, recallStatistics, recallTerms, users } from "./schema/index.ts";

export interface RecallSearch extends RecallFilters {
  /** At most 4,000 characters. */
  query: string;
  limit: number;
  /** The time that "last week" counts from and recency is measured to. */
  now: Date;
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
    async search({ query, limit, now, ...filters }) {
      if (query.length > textLimits.query) {
        throw badInput("query", `must have at most ${textLimits.query} characters: ask for less at once`, textLimits.query);
      }
      const [own] = await tx.select({ locale: users.locale }).from(users).where(eq(users.id, tx.userId));
      const asked = queryTerms(query, languageOfLocale(own?.locale)).map(({ term }) => term);
      const { terms, averageLength } = await weigh(tx, asked);
      if (terms.length === 0) return [];
      const candidates = await findCandidates(tx, terms, averageLength, filters);
      const ranked = rank(candidates, { terms: terms.map(({ term }) => term), now, period: null, limit });
      const texts = await readTexts(tx, ranked);
      return ranked.flatMap(({ id, score, contributions }) => {
        const source = texts.get(id);
        return source === undefined ? [] : [{ ...source, score, contributions }];
      });
    },
  };
}

/** The terms that the user's documents have, with their weights, the rarest first when there are too many. */
async function weigh(tx: UserTransaction, asked: readonly string[]): Promise<{ terms: WeightedTerm[]; averageLength: number }> {
  const none = { terms: [], averageLength: 1 };
  if (asked.length === 0) return none;
  const [total] = await tx
    .select({ documents: recallStatistics.documentCount, length: recallStatistics.totalLength })
    .from(recallStatistics)
    .where(eq(recallStatistics.userId, tx.userId));
  if (total === undefined || total.documents === 0) return none;
  const known = await tx
    .select({ term: recallTerms.term, documentCount: recallTerms.documentCount })
    .from(recallTerms)
    .where(
      and(
        eq(recallTerms.userId, tx.userId),
        sql`${recallTerms.term} = any(array(select json_array_elements_text(${JSON.stringify(asked)}::json)) collate "C")`,
      ),
    );
  const terms = known
    .map(({ term, documentCount }) => ({
      term,
      documentCount,
      weight: Math.log(1 + (Math.max(0, total.documents - documentCount) + 0.5) / (documentCount + 0.5)),
    }))
    .toSorted((a, b) => a.documentCount - b.documentCount || (a.term < b.term ? -1 : 1))
    .slice(0, recallParameters.queryTerms);
  return { terms, averageLength: Math.max(1, total.length / total.documents) };
}

async function readTexts(tx: UserTransaction, found: readonly { id: string; kind: RecallKind }[]) {
  const idsOf = (kind: RecallKind) => found.filter((one) => one.kind === kind).map(({ id }) => id);
  const texts = new Map<string, Omit<RecallResult, "score" | "contributions">>();
  const [messageIds, factIds] = [idsOf("message"), idsOf("fact")];
  if (messageIds.length > 0) {
    const rows = await tx
      .select({
        id: messages.id,
        text: messages.content,
        author: messages.author,
        date: messages.sentAt,
        conversationId: messages.conversationId,
      })
      .from(messages)
      .where(and(eq(messages.userId, tx.userId), inArray(messages.id, messageIds)));
    for (const row of rows) texts.set(row.id, { ...row, kind: "message", messageId: row.id, quote: null });
  }
  if (factIds.length > 0) {
    const rows = await tx
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
      .where(and(eq(facts.userId, tx.userId), inArray(facts.id, factIds)));
    for (const { quote, start, end, ...row } of rows) {
      const provenance = quote === null || start === null || end === null ? null : { text: quote, start, end };
      texts.set(row.id, { ...row, kind: "fact", conversationId: null, author: null, quote: provenance });
    }
  }
  return texts;
}
