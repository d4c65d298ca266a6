import { stemmer as arabic } from "@orama/stemmers/arabic";
import { stemmer as danish } from "@orama/stemmers/danish";
import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as english } from "@orama/stemmers/english";
import { stemmer as finnish } from "@orama/stemmers/finnish";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as greek } from "@orama/stemmers/greek";
import { stemmer as hungarian } from "@orama/stemmers/hungarian";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as norwegian } from "@orama/stemmers/norwegian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as romanian } from "@orama/stemmers/romanian";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stemmer as swedish } from "@orama/stemmers/swedish";
import { stemmer as turkish } from "@orama/stemmers/turkish";
import { stopwords as arabicStops } from "@orama/stopwords/arabic";
import { stopwords as danishStops } from "@orama/stopwords/danish";
import { stopwords as dutchStops } from "@orama/stopwords/dutch";
import { stopwords as englishStops } from "@orama/stopwords/english";
import { stopwords as finnishStops } from "@orama/stopwords/finnish";
import { stopwords as frenchStops } from "@orama/stopwords/french";
import { stopwords as germanStops } from "@orama/stopwords/german";
import { stopwords as greekStops } from "@orama/stopwords/greek";
import { stopwords as hungarianStops } from "@orama/stopwords/hungarian";
import { stopwords as italianStops } from "@orama/stopwords/italian";
import { stopwords as norwegianStops } from "@orama/stopwords/norwegian";
import { stopwords as portugueseStops } from "@orama/stopwords/portuguese";
import { stopwords as romanianStops } from "@orama/stopwords/romanian";
import { stopwords as russianStops } from "@orama/stopwords/russian";
import { stopwords as spanishStops } from "@orama/stopwords/spanish";
import { stopwords as swedishStops } from "@orama/stopwords/swedish";
import { stopwords as turkishStops } from "@orama/stopwords/turkish";
import { foldText } from "./fold.ts";

/** The languages whose words are stemmed, by ISO 639-1 code. Words of other languages are compared whole. */
export const languages = ["ar", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv", "tr"] as const;
export type Language = (typeof languages)[number];

interface Rules {
  stem: (word: string) => string;
  /** Folded, as words are when they are looked up. */
  stopWords: ReadonlySet<string>;
}

const rules = (stem: (word: string) => string, stopWords: readonly string[]): Rules => ({
  stem,
  stopWords: new Set(stopWords.flatMap((word) => [foldText(word), foldText(word).replaceAll("'", "")])),
});

const byLanguage: Readonly<Record<Language, Rules>> = {
  ar: rules(arabic, arabicStops),
  da: rules(danish, danishStops),
  de: rules(german, germanStops),
  el: rules(greek, greekStops),
  en: rules(english, englishStops),
  es: rules(spanish, spanishStops),
  fi: rules(finnish, finnishStops),
  fr: rules(french, frenchStops),
  hu: rules(hungarian, hungarianStops),
  it: rules(italian, italianStops),
  nl: rules(dutch, dutchStops),
  no: rules(norwegian, norwegianStops),
  pt: rules(portuguese, portugueseStops),
  ro: rules(romanian, romanianStops),
  ru: rules(russian, russianStops),
  sv: rules(swedish, swedishStops),
  tr: rules(turkish, turkishStops),
};
const latinLanguages = languages.filter((language) => !["ar", "el", "ru"].includes(language));

/** The language of a locale such as `de-AT`, null when its words are not stemmed. */
export function languageOfLocale(locale: string | null | undefined): Language | null {
  const code = locale?.slice(0, 2).toLowerCase();
  return languages.find((language) => language === code) ?? null;
}

/**
 * The language of folded words in Latin script, told by their stop words: another than `expected` only with at least two stop words
 * more. English unless told.
 */
export function detectLanguage(words: readonly string[], expected: Language = "en"): Language {
  const hits = (language: Language) => words.reduce((sum, word) => sum + (byLanguage[language].stopWords.has(word) ? 1 : 0), 0);
  let best = expected;
  let most = hits(expected) + 1;
  for (const language of latinLanguages) {
    const count = language === expected ? 0 : hits(language);
    if (count > most) [best, most] = [language, count];
  }
  return best;
}

const scripts: readonly [RegExp, Language][] = [
  [/^\p{Script=Cyrillic}/u, "ru"],
  [/^\p{Script=Greek}/u, "el"],
  [/^\p{Script=Arabic}/u, "ar"],
];

/** The stem of a folded word, null for a stop word. Words in other scripts go by their script's rules, whatever the language of the text. */
export function stem(word: string, language: Language): string | null {
  const { stem: rule, stopWords } =
    byLanguage[/^[a-z]/.test(word) ? language : (scripts.find(([script]) => script.test(word))?.[1] ?? language)];
  if (stopWords.has(word)) return null;
  return /^\p{N}/u.test(word) ? word : rule(word) || word;
}
