import { randomFrom } from "./random.ts";
import type { RecallSet } from "./recall-set.ts";

const dayMs = 86_400_000;

/** What was said, and a question that asks for it in other words: another form of a word, a synonym, or the kind of thing it is. */
const paraphrases: readonly (readonly [told: string, asked: string])[] = [
  ["We adopted a grey kitten from the shelter and named her Miso", "What pets do I have?"],
  ["The company hired me as a data analyst in spring", "What is my job?"],
  ["My sister gave me a silver necklace when I turned thirty", "Which birthday gifts did I get?"],
  ["We watched Casablanca at the open-air cinema", "Which film did we see?"],
  ["I have been practising the cello every evening", "Which instrument am I learning?"],
  ["Our flight to Lisbon leaves on the ninth", "When is the trip?"],
  ["The physician said that my knee needs surgery", "What did the doctor tell me?"],
  ["I owe the bank another four thousand on the loan", "How much debt do I have left?"],
  ["I am allergic to walnuts and hazelnuts", "Which allergies do I have?"],
  ["Her husband repairs old clocks", "What does her spouse do?"],
  ["We rented a flat near the harbour", "Which apartment do we live in?"],
  ["I finished a novel by Ursula Le Guin last night", "What books have I read?"],
  ["I planted tulips along the fence", "Which flowers are in the garden?"],
  ["My boss wants the slides by Tuesday", "What does my manager need?"],
  ["I gave my old bicycle to a neighbour", "Who got my bike?"],
  ["The lasagne at Carlo's was wonderful", "Which meal did I like in the restaurant?"],
  ["I swim forty lengths on Wednesdays", "How do I exercise?"],
  ["The kids are afraid of the cellar", "What scares the children?"],
  ["We sold the van to a plumber", "Which vehicle did we get rid of?"],
  ["I take an antihistamine in the morning", "What medicine do I take?"],
  ["The choir is going to sing in the cathedral", "Where is the singing?"],
  ["I applied for a scholarship in Delft", "Where was my application sent?"],
  ["He proposed to her on a ferry", "How did the engagement happen?"],
  ["The landlord is raising the rent", "Is my housing getting more expensive?"],
];

const people: RecallSet["entities"] = [
  { canonicalName: "Dmitri Petrov", aliases: ["Dima", "Mitya"] },
  { canonicalName: "Elizabeth Moore", aliases: ["Beth", "Lizzie"] },
  { canonicalName: "Alexander Stone", aliases: ["Sasha"] },
  { canonicalName: "Margaret Hill", aliases: ["Peggy", "Maggie"] },
  { canonicalName: "Robert King", aliases: ["Bob"] },
  { canonicalName: "Yevgenia Orlova", aliases: ["Zhenya"] },
];
const doings = [
  ["moved to an attic above the bakery", "bakery"],
  ["sold the sailing boat", "boat"],
  ["broke a wrist while skating", "wrist"],
  ["is learning to weld", "welding"],
  ["keeps bees on the roof", "bees"],
  ["won a crossword contest", "crossword"],
] as const;

const dishes = ["dumplings", "paella", "ramen", "risotto", "goulash", "tacos", "curry", "pho", "pierogi", "fondue", "ceviche", "moussaka"];
const monthNames = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Two dozen things said, each asked for in other words. Words alone do not get all of them: that is what embeddings are for. */
const paraphraseSet = (at: Date): RecallSet => ({
  category: "paraphrase",
  gate: 0.6,
  entities: [],
  documents: paraphrases.map(([text], id) => ({ id: String(id), text, at })),
  questions: paraphrases.map(([, text], id) => ({ text, relevant: String(id) })),
});

/** Six people who each did six things, told by one of their names and asked for by another. */
function nameSet(at: Date, random: () => number): RecallSet {
  const told = people.flatMap(({ canonicalName, aliases }) =>
    doings.map(([doing, asked]) => {
      const names = [canonicalName, ...aliases];
      const said = Math.floor(random() * names.length);
      const called = names[(said + 1) % names.length] ?? canonicalName;
      return { text: `${names[said] ?? canonicalName} ${doing} this year`, question: `What about ${called} and the ${asked}?` };
    }),
  );
  return {
    category: "names with aliases",
    gate: 0.9,
    entities: people,
    documents: told.map(({ text }, id) => ({ id: String(id), text, at })),
    questions: told.map(({ question }, id) => ({ text: question, relevant: String(id) })),
  };
}

/** The same dinner on forty days, told in the same words but for the dish, and asked for by the day alone. */
function dateSet(now: Date, random: () => number): RecallSet {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO("UTC");
  const at = (days: number) => new Date(now.getTime() - days * dayMs);
  const dinner = (id: string, on: Date) => ({
    id,
    text: `We had ${dishes[Math.floor(random() * dishes.length)] ?? ""} for dinner at the old place`,
    at: on,
  });
  const months = Array.from({ length: 24 }, (_, index) => {
    const middle = today.subtract({ months: index + 3 }).with({ day: 15 });
    return { id: `month-${index}`, at: new Date(middle.epochMilliseconds), name: `${monthNames[middle.month - 1] ?? ""} ${middle.year}` };
  });
  const recent = [
    ["What did we have for dinner yesterday?", 1],
    ["What was for dinner two days ago?", 2],
    ["What was for dinner five days ago?", 5],
    ["Which dinner did we have three weeks ago?", 21],
    ["What did we eat at the old place two months ago?", 61],
  ] as const;
  return {
    category: "dates",
    gate: 0.9,
    entities: [],
    documents: [
      ...months.map((month) => dinner(month.id, month.at)),
      ...recent.map(([, days]) => dinner(`day-${days}`, at(days))),
      ...[9, 12, 30, 33, 45].map((days) => dinner(`other-${days}`, at(days))),
    ],
    questions: [
      ...months.map(({ id, name }) => ({ text: `What did we have for dinner in ${name}?`, relevant: id })),
      ...recent.map(([text, days]) => ({ text, relevant: `day-${days}` })),
    ],
  };
}

export function createEnglishSets(now: Date): RecallSet[] {
  const random = randomFrom(20_261_121);
  return [paraphraseSet(now), nameSet(now, random), dateSet(now, random)];
}
