import { foldText } from "./fold.ts";
import { detectLanguage, type Language, stem } from "./languages.ts";

/** A word of a text as it was written, and the folded words or character pairs that stand for it. */
export interface Word {
  written: string;
  folded: string;
  /** In a script without spaces: compared by pairs of characters. */
  paired: boolean;
}

const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{M}]+)*/gu;
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu;
const longestTerm = 64;
/** Distinct terms of one document that are indexed; a longer one is found by its beginning. */
const mostTerms = 4_000;

/** The words of a text in order. Text in scripts without spaces comes as whole runs. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const [run] of text.normalize("NFKC").matchAll(wordPattern)) {
    let end = 0;
    const push = (written: string, paired: boolean) => {
      if (written !== "") words.push({ written, folded: foldText(written), paired });
    };
    for (const match of run.matchAll(unspaced)) {
      push(run.slice(end, match.index), false);
      push(match[0], true);
      end = match.index + match[0].length;
    }
    push(run.slice(end), false);
  }
  return words;
}

/** Every two neighbouring characters of a run, and its last one alone: a single character is then found as a beginning. */
function pairs(run: string): string[] {
  const characters = Array.from(run);
  return characters.map((character, index) => character + (characters[index + 1] ?? ""));
}

/** The terms that a word is indexed under: none for a stop word. */
export function termsOfWord({ folded, paired }: Word, language: Language): string[] {
  if (paired) return pairs(folded);
  const plain = folded.replace(/['’](?:s|ll|re|ve|d|m)$/u, "").replaceAll(/['’]/gu, "");
  if (stem(folded.replaceAll("’", "'"), language) === null) return [];
  const term = stem(plain, language);
  return term === null || term === "" ? [] : [term.slice(0, longestTerm)];
}

/** The language of a text by its words in Latin script. `expected`: the user's. */
export function languageOf(words: readonly Word[], expected?: Language | null): Language {
  return detectLanguage(
    words.filter(({ paired }) => !paired).map(({ folded }) => folded),
    expected ?? "en",
  );
}

/** What is indexed of a text: how often each term occurs, and how many terms there are in all. */
export interface TermFrequencies {
  frequencies: ReadonlyMap<string, number>;
  length: number;
}

/** The terms of a text with their frequencies. Pure; the same for a message, a fact and a query. */
export function termFrequencies(text: string, expected?: Language | null): TermFrequencies {
  const words = wordsOf(text);
  const language = languageOf(words, expected);
  const frequencies = new Map<string, number>();
  let length = 0;
  for (const word of words) {
    for (const term of termsOfWord(word, language)) {
      const before = frequencies.get(term) ?? 0;
      if (before === 0 && frequencies.size === mostTerms) continue;
      frequencies.set(term, before + 1);
      length += 1;
    }
  }
  return { frequencies, length };
}
