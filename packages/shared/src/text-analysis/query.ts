import type { Language } from "./languages.ts";
import { languageOf, termsOfWord, type Word, wordsOf } from "./terms.ts";

/** A term to look for, and the word of the question that it stands for. */
export interface QueryTerm {
  term: string;
  word: string;
}

/**
 * The distinct terms of a question in its order: each word's stem in the question's language, in the user's and in English, because
 * the text that is looked for may be in any of them. Empty for a question of stop words alone.
 */
export function queryTerms(text: string, expected?: Language | null): QueryTerm[] {
  const words = wordsOf(text);
  const language = languageOf(words, expected);
  const terms = new Map<string, QueryTerm>();
  for (const word of words) {
    if (termsOfWord(word, language).length === 0) continue;
    for (const term of variants(word, [language, expected ?? "en", "en"])) {
      if (!terms.has(term)) terms.set(term, { term, word: word.written });
    }
  }
  return [...terms.values()];
}

const variants = (word: Word, languages: readonly Language[]): Set<string> =>
  new Set(languages.flatMap((language) => termsOfWord(word, language)));
