import { describe, expect, test } from "vitest";
import type { UnderstandingContext } from "./types.ts";
import { understand } from "./understand.ts";

/** Saturday, 10:00 in Paris. */
const paris: UnderstandingContext = { now: new Date("2026-11-21T09:00:00.000Z"), timezone: "Europe/Paris" };

function heard(text: string): string[] {
  return understand(text, paris).map((one) => {
    switch (one.kind) {
      case "remember": {
        const names = one.entities.map((entity) => `${entity.name}:${entity.type}`).join(" ");
        return `remember ${one.content} | ${one.factType} ${one.temporalSensitivity} ${one.eventDate ?? "-"} | ${names}`;
      }
      case "forget":
        return `forget ${one.what}`;
      case "ask":
        return `ask ${one.about}`;
      default:
        return `${one.kind} ${one.title ?? ""}`;
    }
  });
}

describe("a statement to remember becomes a fact with its kind, day and names", () => {
  test.each([
    ["Remember that Dima's birthday is on 14 March.", "Dima's birthday is on 14 March | date permanent 2027-03-14 | Dima:person"],
    ["please remember: I am allergic to peanuts", "I am allergic to peanuts | health permanent - | "],
    ["Remember that https://example.org/Ab1 is my page", "https://example.org/Ab1 is my page | other long_term - | "],
    ["Note that ada@example.org is my address", "ada@example.org is my address | location long_term - | "],
    ["Please remember: Coffee gives me headaches.", "Coffee gives me headaches | other long_term - | "],
    ["Note that Anna works at Google.", "Anna works at Google | workplace long_term - | Anna:person Google:organization"],
    ["Don't forget that I prefer tea over coffee!", "I prefer tea over coffee | preference long_term - | "],
    ["Don’t forget that my favourite colour is green", "My favourite colour is green | preference long_term - | "],
    ["Keep in mind that we moved to New York in May", "We moved to New York in May | location long_term - | New York:place"],
    ["remember that my sister lives in Lyon", "My sister lives in Lyon | location long_term - | Lyon:place"],
    ["remember that my husband Tom loves climbing", "My husband Tom loves climbing | preference long_term - | Tom:person"],
    ["remember that my sister is Anna", "My sister is Anna | relationship permanent - | Anna:person"],
    ["remember that my salary is 4.500 euros", "My salary is 4.500 euros | financial long_term - | "],
    [
      "Remember that the meeting with Dr. Smith is on 3 December 2026.",
      "The meeting with Dr. Smith is on 3 December 2026 | event short_term 2026-12-03 | Smith:person",
    ],
    ["remember that the exam is tomorrow", "The exam is tomorrow | event short_term 2026-11-22 | "],
    ["remember that we met Zoë on 3 May", "We met Zoë on 3 May | other long_term - | Zoë:other"],
    ["remember that I was born on 3 May 1990", "I was born on 3 May 1990 | date permanent 1990-05-03 | "],
    ["Can you remember that my name is Bob?", "My name is Bob | other long_term - | Bob:person"],
    ["Hi Mema, I want you to remember that I like tea", "I like tea | preference long_term - | "],
    ["Remember that the train leaves at 8.30. Thanks!", "The train leaves at 8.30 | other long_term - | "],
    [
      'Remember that she said "Hi. Bye." on Monday, May and Tuesday',
      'She said "Hi. Bye." on Monday, May and Tuesday | other long_term - | Hi:other Bye:other',
    ],
    ["REMEMBER THAT I LIKE TEA", "I LIKE TEA | preference long_term - | "],
    ["2) @mema Remember that I like tea", "I like tea | preference long_term - | "],
    ["Note: the key is under the mat", "The key is under the mat | other long_term - | "],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([`remember ${expected}`]);
  });
});

describe("forget and ask name their subject", () => {
  test.each([
    ["forget that I like tea", "forget I like tea"],
    ["Forget everything about Dima.", "forget Dima"],
    ["Forget everything you know about my ex-wife, please.", "forget my ex-wife"],
    ["please forget what I said about Lyon", "forget Lyon"],
    ["Could you forget all about the surprise party?", "forget the surprise party"],
    ["What do you know about Dima?", "ask Dima"],
    ["what do you remember about my trip to Lyon", "ask my trip to Lyon"],
    ["So, what did I tell you about my sister?", "ask my sister"],
    ["What did I say about coffee?", "ask coffee"],
    ["Do you remember Dima?", "ask Dima"],
    ["Do you still remember that I like tea?", "ask I like tea"],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual([expected]);
  });
});

describe("one message may hold several", () => {
  test.each([
    [
      "Remember that my sister lives in Lyon. Remind me tomorrow at 9 to call her.",
      ["remember My sister lives in Lyon | location long_term - | Lyon:place", "remind call her"],
    ],
    [
      "Remember that my sister lives in Lyon, and remind me tomorrow at 9 to call her",
      ["remember My sister lives in Lyon | location long_term - | Lyon:place", "remind call her"],
    ],
    [
      "Hi Mema! Remember that I like tea, and forget everything about coffee. What do you know about Dima?",
      ["remember I like tea | preference long_term - | ", "forget coffee", "ask Dima"],
    ],
    [
      "Dima's birthday is on 14 March. He loves climbing. Remind me three days before to buy a gift, and every weekday at 08:30 to take my pills.",
      ["remind_unclear buy a gift", "remind take my pills"],
    ],
    ["Remind me tomorrow at 9 to call mum and on Friday at 10 to call dad.", ["remind call mum", "remind call dad"]],
    [
      "Remember that I take vitamin C. Remind me at 5 p.m. to call Dr. No.\nForget that I like tea; do you remember Bob?",
      ["remember I take vitamin C | other long_term - | ", "remind call Dr. No", "forget I like tea", "ask Bob"],
    ],
  ])("%s", (text, expected) => {
    expect(heard(text)).toEqual(expected);
  });
});

describe("what is no request yields nothing", () => {
  test.each([
    "I like tea.",
    "Tomorrow at 9 I will call mum every day.",
    "Don't remind me tomorrow at 9 to call mum",
    "You don't have to remind me tomorrow at 9",
    "You never remind me to call mum",
    "You remind me of my sister",
    "That reminds me of Lyon",
    "Why did you remind me tomorrow?",
    "They always nag me and remind me to eat",
    "She told me to come and remind me tomorrow at 9 to call",
    "Remind me what I said about Lyon",
    "Remind me how to get there",
    'He said: "Remind me tomorrow at 9 to call".',
    "he said: remember that I like tea",
    "She wrote “remember that I like tea” on the wall",
    "'remember that I like tea', he wrote",
    "> remember that I like tea",
    "Use `remember that x = 1` in the shell",
    "You don't need to remember that I like tea",
    "I remember that we went to Rome",
    "Remember that time we got lost?",
    "Remember when we met in Rome",
    "remember to call mum",
    "Don't forget to buy milk",
    "note down that I like tea",
    "forget it",
    "Forget about it.",
    "I forget that all the time",
    "Never mind, don't forget everything about Dima",
    "I wonder what do you know about Dima",
    "If you remember that, tell me",
    "",
    "\0\0",
  ])("%j", (text) => {
    expect(heard(text)).toEqual([]);
  });
});
