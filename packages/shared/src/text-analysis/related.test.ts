import { expect, test } from "vitest";
import { relatedTerms } from "./related.ts";

test("names what answers may say for an everyday word of the question, in any of its forms", () => {
  expect(relatedTerms("What pets does Vera have?")).toEqual(expect.arrayContaining(["dog", "cat"]));
  expect(relatedTerms("Which instruments do I play?")).toContain("violin");
});

test("leaves out what was asked for itself", () => {
  expect(relatedTerms("Is my pet a dog?")).not.toContain("dog");
});

test("is for English questions only", () => {
  expect(relatedTerms("Wo ist das Restaurant, das wir mit der Familie besucht haben?", "de")).toEqual([]);
  expect(relatedTerms("xylophone")).toEqual([]);
});
