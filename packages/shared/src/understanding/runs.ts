import { clockOf } from "./said-times.ts";
import { isOpening } from "./sentences.ts";
import { type Phrase, timePhrases } from "./time-phrases.ts";
import { tokenize } from "./tokens.ts";
import type { Span, UnderstandingContext } from "./types.ts";

const betweenPhrases = /^[\s,]*(?:(?:at|on|and|from)[\s,]+)?$/i;
/** Politeness and punctuation at the end of a request. */
export const courtesy = /(?:[\s,.!?]|\b(?:please|pls|thanks|thank you|ok|okay)\b)+$/i;
const numberWord = String.raw`\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|couple of|several|some`;
const unitWord = "(?:second|minute|hour|day|week|fortnight|month|quarter|year|morning|afternoon|evening|night|weekend|time)s?";
const dateLike = new RegExp(
  String.raw`\b(?:today|tomorrow|tonight|yesterday|everyday|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|april|june|july|august|september|october|november|december|noon|midnight|weekends?|weekdays?|sometime|someday|soon|later|o'clock)\b` +
    String.raw`|\b(?:every|each)\s+(?:${numberWord}|other|${unitWord}|\w+-\w+|\w+th|first|second|third|last)\b` +
    String.raw`|\b(?:next|this|last|in|for|every|within|by|at|past|coming|per|(?:${numberWord})(?:\s+of)?)\s+(?:the\s+)?(?:next\s+|last\s+|few\s+)?(?:(?:${numberWord})\s+)?${unitWord}\b` +
    String.raw`|\b\d{1,2}:\d{2}\b|\b\d{1,2}\s?(?:am|pm|a\.m|p\.m)\b|\b(?:at|by|around|before|after|until|till)\s+\d{1,2}(?:[.:]\d\d)?(?:ish|-ish)?\b|\b(?:at|by)\s+(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|quarter|half)\b|\b\d{1,2}(?:st|nd|rd|th)\b|\b(?:once|twice|\w+ times) (?:a|per|every|each)\b`,
  "iu",
);

/** A run of phrases that adjoin: they are read together as one time. */
export interface Run {
  start: number;
  end: number;
  phrases: Phrase[];
}

/** The runs of phrases in a sentence; one that stands on both sides of the trigger ("every Monday remind me at 9") is one run. */
export function runsOf(text: string, phrases: readonly Phrase[], trigger: Span | null): Run[] {
  const runs: Run[] = [];
  for (const phrase of phrases) {
    const last = runs.at(-1);
    let gap = last ? text.slice(last.end, phrase.start) : "";
    if (last && trigger && trigger.start >= last.end && trigger.end <= phrase.start) {
      gap = text.slice(last.end, trigger.start) + text.slice(trigger.end, phrase.start);
      if (!isOpening(text.slice(last.end, trigger.start).replace(/^[\s,]+/, ""))) gap = "-";
      else gap = text.slice(trigger.end, phrase.start);
    }
    const loosePart = phrase.type === "part" && /^(?:morning|afternoon|evening|night)$/i.test(text.slice(phrase.start, phrase.end));
    if (last && betweenPhrases.test(gap)) {
      last.phrases.push(phrase);
      last.end = phrase.end;
    } else if (!loosePart && phrase.type !== "except" && phrase.type !== "until" && phrase.type !== "count") {
      runs.push({ start: phrase.start, end: phrase.end, phrases: [phrase] });
    }
  }
  return runs;
}

/** The matter without politeness, and without the small words and marks that tied it to its time. */
export function clean(title: string): string {
  const flat = title.replaceAll(/[\s\0]+/g, " ").replace(courtesy, "");
  return flat.replace(/^[\s,.:;–—-]+/, "").replace(/(?:\s+(?:on|at)|[\s,.:;–—-])+$/i, "");
}

/** The words from the first to the last that sound like a time. */
export function dateLikePart(text: string, runs: readonly Run[], offset: number): string {
  const match = dateLike.exec(text);
  const positions = runs
    .map((run) => [run.start - offset, run.end - offset] as const)
    .filter(([from, to]) => from >= 0 && to <= text.length);
  if (match) positions.push([match.index, match.index + match[0].length]);
  if (positions.length === 0) return "";
  return text.slice(Math.min(...positions.map(([from]) => from)), Math.max(...positions.map(([, to]) => to))).trim();
}

/** True when the words name a day of their own: a date, a repeat, "in 2 hours". */
export function namesDay(text: string, context: UnderstandingContext): boolean {
  const phrases = timePhrases(text, tokenize(text), clockOf(context).local.toPlainDate(), context.locale);
  return phrases.some(
    (phrase) =>
      ["repeat", "after", "relative", "unusable"].includes(phrase.type) ||
      (phrase.type === "moment" && phrase.day) ||
      (phrase.type === "part" && phrase.today),
  );
}
