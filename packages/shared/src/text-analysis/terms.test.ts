import { assert, lorem, property, string } from "fast-check";
import { expect, test } from "vitest";
import { foldText } from "./fold.ts";
import { queryTerms } from "./query.ts";
import { termFrequencies } from "./terms.ts";

const terms = (text: string, language?: "de" | "en") => [...termFrequencies(text, language).frequencies.keys()];

test("folding twice is folding once", () => {
  assert(
    property(string({ unit: "grapheme" }), (text) => {
      expect(foldText(foldText(text))).toBe(foldText(text));
    }),
  );
});

test("text and its form with separate accents have the same terms", () => {
  assert(
    property(string({ unit: "grapheme" }), (text) => {
      expect(terms(text.normalize("NFD"))).toEqual(terms(text.normalize("NFC")));
    }),
  );
});

test("what is indexed of a text is found by asking with the text itself", () => {
  assert(
    property(string({ unit: "grapheme" }), (text) => {
      const asked = new Set(queryTerms(text).map(({ term }) => term));
      for (const term of terms(text)) expect(asked).toContain(term);
    }),
  );
});

test("the frequencies add up to the length", () => {
  assert(
    property(lorem({ maxCount: 30 }), (text) => {
      const { frequencies, length } = termFrequencies(text);
      expect([...frequencies.values()].reduce((sum, one) => sum + one, 0)).toBe(length);
    }),
  );
});

test.each([
  ["The paintings were PAINTED", ["paint"]],
  ["Caroline's café, naïve Zoë’s", ["carolin", "cafe", "naiv", "zoe"]],
  ["don't you can’t", []],
  ["Straße Łódź Ærø", ["strass", "lodz", "aero"]],
  ["ёлка и чай", ["елк", "ча"]],
  ["ｆｕｌｌ ｗｉｄｔｈ", ["full", "width"]],
  ["call 555-0199 at 8:30", ["call", "555", "0199", "8", "30"]],
  ["攀岩", ["攀岩", "岩"]],
  ["iPhone攀岩2", ["iphon", "攀岩", "岩", "2"]],
  ["🧗 & | ! ()", []],
])("takes %s apart into terms", (text, expected) => {
  expect(terms(text)).toEqual(expected);
});

test("tells German by its stop words and stems it so", () => {
  expect(terms("Ich habe die Häuser in Wien nicht gesehen")).toContain("haus");
  expect(terms("The house is mine")).toEqual(["hous", "mine"]);
});

test("indexes a term of at most 64 characters and at most 4,000 terms of a text", () => {
  expect(terms("x".repeat(100_000))).toEqual(["x".repeat(64)]);
  expect(terms(Array.from({ length: 9_000 }, (_, index) => `w${index}`).join(" "))).toHaveLength(4_000);
});

test("asks for a word's forms in the question's language, the user's and English", () => {
  expect(queryTerms("Häuser", "de").map(({ term }) => term)).toEqual(["haus", "hauser"]);
});
