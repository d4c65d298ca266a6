import type { EntityType, FactType, TemporalSensitivity } from "../enumerations.ts";
import { clockOf, daysMeant } from "./said-times.ts";
import { timePhrases } from "./time-phrases.ts";
import { tokenize } from "./tokens.ts";
import type { NamedEntity, UnderstandingContext } from "./types.ts";

/** First match wins. */
const factTypeRules: readonly (readonly [FactType, RegExp])[] = [
  ["date", /\b(?:birthdays?|anniversar(?:y|ies)|born on|name day)\b/i],
  [
    "health",
    /\b(?:allerg(?:y|ic|ies)|asthma|diabet(?:es|ic)|medications?|pills?|doctor|illness|intolerant|vegan because|blood type|surgery|diagnosed)\b/i,
  ],
  ["financial", /\b(?:salary|bank|iban|mortgage|loan|credit card|pension|invoice|taxes|rent is)\b/i],
  ["workplace", /\b(?:works? (?:at|for|in|as)|working (?:at|for)|employed|employer|my boss|my job|office)\b/i],
  ["location", /\b(?:lives? (?:in|at|near|on)|living in|moved to|address|is from|am from)\b/i],
  ["preference", /\b(?:likes?|loves?|prefers?|favou?rites?|hates?|dislikes?|enjoys?|adores?|can't stand|don't like|doesn't like)\b/i],
  ["event", /\b(?:meetings?|appointments?|flights?|trips?|weddings?|part(?:y|ies)|conferences?|exams?|interviews?|concerts?)\b/i],
  [
    "relationship",
    /\b(?:sisters?|brothers?|husband|wife|mother|father|mum|mom|dad|son|daughter|partner|girlfriend|boyfriend|friends?|colleague|cousin|uncle|aunt|niece|nephew|grandmother|grandfather|neighbou?r|married|fianc[eé]e?)\b/i,
  ],
];

const permanent = /\b(?:birthday|anniversary|born|allergic|allergy|blood type)\b/i;

export function factTypeOf(statement: string): FactType {
  return factTypeRules.find(([, pattern]) => pattern.test(statement))?.[0] ?? "other";
}

/** `permanent` never changes, `long_term` may after a year or so, `short_term` is over after its day. */
export function sensitivityOf(statement: string, factType: FactType, eventDate: string | undefined): TemporalSensitivity {
  if (factType === "date" || factType === "relationship" || permanent.test(statement)) return "permanent";
  if (
    factType === "event" ||
    eventDate !== undefined ||
    /\b(?:today|tonight|tomorrow|this week|next week|currently|at the moment|right now)\b/i.test(statement)
  )
    return "short_term";
  return "long_term";
}

/**
 * The one day that the statement names, as "2027-03-14". A day without a year is the next one, for a birthday as well, but
 * nothing in a statement about the past ("we met on 3 May"), of two days, of a repeat or a span.
 */
export function eventDateOf(statement: string, context: UnderstandingContext): string | undefined {
  const clock = clockOf(context);
  const phrases = timePhrases(statement, tokenize(statement), clock.local.toPlainDate(), context.locale);
  if (phrases.some((phrase) => phrase.type === "repeat" || phrase.type === "until" || phrase.type === "unusable")) return undefined;
  const days = phrases.flatMap((phrase) => (phrase.type === "moment" && phrase.day ? [phrase.day] : []));
  const [day] = days;
  if (!day || days.length > 1) return undefined;
  if (day.type !== "full" && /\b(?:was|were|had|did|met|went|came|left|got|ago|last|\p{L}{2,20}ed)\b/iu.test(statement)) return undefined;
  const [date, other] = daysMeant(day, clock);
  return date && !(other && day.type === "weekday") ? date.toString() : undefined;
}

const ordinaryWords = new Set(
  (
    "i i'm i've i'd i'll my mine me we our us you your he him his she her hers it its they them their this that these those the a an and or but if when while since because " +
    "on in at from to for with without of by as about after before until there here what who where why how which all every each some any no not never always please also then so " +
    "is are was were do does did don't doesn't can could would should will has have had be been today tomorrow yesterday tonight mr mrs ms dr prof ok yes " +
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays mon tue tues wed thu thur thurs fri sat sun " +
    "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec"
  ).split(" "),
);
const kin =
  "sister|brother|husband|wife|mother|father|mum|mom|dad|son|daughter|partner|girlfriend|boyfriend|friend|colleague|cousin|uncle|aunt|niece|nephew|boss|neighbour|neighbor|called|named|name is";
const isPersonBefore = new RegExp(
  String.raw`\b(?:${kin}|(?:${kin}) is|mr\.?|mrs\.?|ms\.?|dr\.?|prof\.?|(?:'s|’s)\s+name\s+is)\s*,?\s*$`,
  "i",
);
const isPersonAfter =
  /^\s+(?:(?:really|also|always|never|does|doesn't|is|and)\s+)?(?:loves?|likes?|lives?|works?|hates?|prefers?|enjoys?|plays?|speaks?|wants?|needs?|is (?:my|our|his|her|allergic|married|vegan|vegetarian|turning|a |an )|moved|married|was born|don't|doesn't|has a (?:sister|brother|son|daughter|dog|cat))\b/i;

/** Capitalised proper names in the statement, each once. A capital that only starts the sentence names nothing unless the words after it say so. */
export function namesIn(statement: string, startsSentence: boolean): NamedEntity[] {
  const found = new Map<string, NamedEntity>();
  if (statement === statement.toUpperCase()) return [];
  for (const match of statement.matchAll(
    /\p{Lu}[\p{L}\p{N}]*(?:[-'’][\p{L}\p{N}]+)*(?: \p{Lu}[\p{L}\p{N}]*(?:[-'’][\p{L}\p{N}]+)*){0,4}/gu,
  )) {
    const words = match[0].split(" ");
    let start = match.index;
    while (words[0] !== undefined && isOrdinary(words[0])) {
      start += words[0].length + 1;
      words.shift();
    }
    const stop = words.findIndex(isOrdinary);
    const said = (stop === -1 ? words : words.slice(0, stop)).join(" ");
    const name = said.replace(/['’]s$/i, "").replace(/['’]$/, "");
    if (name === "" || /^\p{Lu}$/u.test(name)) continue;
    const before = statement.slice(0, start);
    const after = statement.slice(start + said.length);
    const insideAddress = /(?::\/\/|@)\S*$/.test(before);
    if (insideAddress) continue;
    const possessive = name !== said;
    const initial = before.trim() === "" && startsSentence;
    const type = typeOf(before, after, possessive);
    if (initial && !name.includes(" ") && !possessive && type === "other") continue;
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), { name, type });
  }
  return [...found.values()];
}

function isOrdinary(word: string): boolean {
  return ordinaryWords.has(word.toLowerCase().replaceAll("’", "'").replace(/'s$/, "")) || /^i'/i.test(word);
}

function typeOf(before: string, after: string, possessive: boolean): EntityType {
  if (/\b(?:works?|working|worked|job|employed) (?:at|for|with)\s*$/i.test(before)) return "organization";
  if (
    /\b(?:in|near|from|to|moved to|lives? (?:in|near|at))\s*$/i.test(before) &&
    /\b(?:lives?|living|moved?|moving|born|from|in|near|flights?|trips?|fly|flying|travels?)\b/i.test(before)
  )
    return "place";
  if (isPersonBefore.test(before) || isPersonAfter.test(after)) return "person";
  if (
    possessive &&
    /^\s+(?:birthday|name|sister|brother|wife|husband|mother|father|mum|mom|dad|son|daughter|partner|favou?rite|job|phone|address|anniversary)\b/i.test(
      after,
    )
  )
    return "person";
  return "other";
}
