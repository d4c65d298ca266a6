import { queryTerms, type Language, relatedTerms, similarity } from "@mema/shared/text-analysis";
import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { UserTransaction } from "../connection/access.ts";
import { recallNames, recallStatistics, recallTerms } from "../schema/index.ts";
import type { WeightedTerm } from "./candidates.ts";
import { recallParameters } from "./parameters.ts";

/** What a question asks for, in terms of what the user's documents have. */
export interface Question {
  terms: WeightedTerm[];
  /** Terms of the question and other names of whom it names: what their bearers said counts more. */
  names: string[];
  /** Mean length of the user's documents in terms. */
  averageLength: number;
  /** Entities that the question names, by name or alias, and what being about one is worth. */
  entityIds: string[];
  entityWeight: number;
}

/** A question of which no word is known. */
export const wordless: Question = { terms: [], names: [], averageLength: 1, entityIds: [], entityWeight: 0 };

const looksLikeWord = /^\p{L}{4,}$/u;
const looksLikeCharacter = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]$/u;

/**
 * Reads a question against the user's own words: terms that are there with their rarity; for a word that is nowhere the likeliest that
 * is meant (a beginning, a slip of the pen); for a named entity its other names. Null when there is nothing to look for.
 */
export async function readQuestion(tx: UserTransaction, query: string, language: Language | null): Promise<Question | null> {
  const asked = queryTerms(query, language);
  if (asked.length === 0) return null;
  const askedTerms = asked.map(({ term }) => term);
  const related = relatedTerms(query, language);
  const [[total], counts, named] = await Promise.all([
    tx
      .select({ documents: recallStatistics.documentCount, length: recallStatistics.totalLength })
      .from(recallStatistics)
      .where(eq(recallStatistics.userId, tx.userId)),
    countsOf(tx, [...askedTerms, ...related]),
    entitiesCalled(tx, askedTerms),
  ]);
  if (total === undefined || total.documents === 0) return null;
  const idf = (documentCount: number) => Math.log(1 + (Math.max(0, total.documents - documentCount) + 0.5) / (documentCount + 0.5));
  const known = new Map(askedTerms.flatMap((term) => toEntry(term, counts)));
  const terms = new Map<string, WeightedTerm>();
  const add = (term: string, documentCount: number, share: number) => {
    const weight = idf(documentCount) * share;
    if ((terms.get(term)?.weight ?? 0) < weight) terms.set(term, { term, documentCount, weight });
  };
  for (const [term, count] of known) add(term, count, 1);
  const rarest = related.flatMap((term) => toEntry(term, counts)).toSorted(([a, fewer], [b, more]) => fewer - more || (a < b ? -1 : 1));
  for (const [term, count] of rarest.slice(0, recallParameters.relatedWords)) add(term, count, recallParameters.related);
  const unknown = [...Map.groupBy(asked, ({ word }) => word).values()]
    .filter(
      (forms) =>
        forms.some(({ word }) => looksLikeCharacter.test(word)) || !forms.some(({ term }) => known.has(term) || named.terms.has(term)),
    )
    .flatMap((forms) => forms.slice(0, 1).map(({ term }) => term))
    .slice(0, recallParameters.guessedWords);
  const [otherCounts, ...guesses] = await Promise.all([countsOf(tx, named.otherNames), ...unknown.map((term) => likeliest(tx, term))]);
  for (const [term, count] of otherCounts) add(term, count, recallParameters.alias);
  for (const guess of guesses.flat()) add(guess.term, guess.documentCount, guess.share);
  const weighted = [...terms.values()].toSorted(
    (a, b) => Number(known.has(b.term)) - Number(known.has(a.term)) || a.documentCount - b.documentCount || (a.term < b.term ? -1 : 1),
  );
  const nameWeights = askedTerms.filter((term) => named.terms.has(term)).map((term) => idf(known.get(term) ?? 0));
  return {
    terms: weighted.slice(0, recallParameters.queryTerms),
    names: [...askedTerms, ...named.otherNames],
    averageLength: Math.max(1, total.length / total.documents),
    entityIds: named.entityIds,
    entityWeight: recallParameters.entity * Math.max(0, ...nameWeights),
  };
}

const toEntry = (term: string, counts: ReadonlyMap<string, number>): [string, number][] => {
  const count = counts.get(term);
  return count === undefined ? [] : [[term, count]];
};

const oneOfTerms = (column: SQL, terms: readonly string[]): SQL =>
  sql`${column} = any(array(select json_array_elements_text(${JSON.stringify(terms)}::json)) collate "C")`;

/** In how many of the user's documents each of these terms is; terms in none are left out. */
async function countsOf(tx: UserTransaction, terms: readonly string[]): Promise<Map<string, number>> {
  if (terms.length === 0) return new Map();
  const rows = await tx
    .select({ term: recallTerms.term, documentCount: recallTerms.documentCount })
    .from(recallTerms)
    .where(and(eq(recallTerms.userId, tx.userId), oneOfTerms(sql`${recallTerms.term}`, terms)))
    .orderBy(recallTerms.term);
  return new Map(rows.map(({ term, documentCount }) => [term, documentCount]));
}

/** The entities that one of these terms is a name of, which of the terms are, and what else the entities are called. */
async function entitiesCalled(tx: UserTransaction, terms: readonly string[]) {
  const own = eq(recallNames.userId, tx.userId);
  const called = tx
    .selectDistinct({ id: recallNames.entityId })
    .from(recallNames)
    .where(and(own, oneOfTerms(sql`${recallNames.term}`, terms)))
    .orderBy(recallNames.entityId)
    .limit(recallParameters.namedEntities);
  const names = await tx
    .select({ term: recallNames.term, entityId: recallNames.entityId })
    .from(recallNames)
    .where(and(own, inArray(recallNames.entityId, called)))
    .orderBy(recallNames.entityId, recallNames.term);
  const asked = new Set(terms);
  const all = new Set(names.map(({ term }) => term));
  return {
    entityIds: [...new Set(names.map(({ entityId }) => entityId))],
    terms: all.intersection(asked),
    otherNames: [...all.difference(asked)],
  };
}

/** The user's terms that an unknown one most likely means: a single character as a pair's beginning, a word as a similar one. */
async function likeliest(tx: UserTransaction, asked: string): Promise<{ term: string; documentCount: number; share: number }[]> {
  const isCharacter = looksLikeCharacter.test(asked);
  if (!isCharacter && !looksLikeWord.test(asked)) return [];
  const beginning = String.fromCodePoint(asked.codePointAt(0) ?? 0);
  // One row: thousands of them take longer to be read than to be found.
  const [found] = await tx.execute<{ terms: [term: string, documentCount: number][] }>(sql`
    select coalesce(json_agg(json_build_array(t.term, t.document_count)), '[]'::json) as terms from (
      select term, document_count from recall_terms
      where user_id = ${tx.userId}::uuid and term ^@ ${beginning}::text and length(term) between ${isCharacter ? 1 : asked.length - 3} and ${asked.length + 3}
      order by term limit ${recallParameters.guessesFrom}
    ) t`);
  return (found?.terms ?? [])
    .map(([term, documentCount]) => ({ term, documentCount, share: isCharacter ? 1 : similarity(asked, term) }))
    .filter(({ share }) => share > 0)
    .toSorted((a, b) => b.share - a.share || b.documentCount - a.documentCount || (a.term < b.term ? -1 : 1))
    .slice(0, recallParameters.guesses)
    .map((guess) => ({ ...guess, share: guess.share * recallParameters.guess }));
}
