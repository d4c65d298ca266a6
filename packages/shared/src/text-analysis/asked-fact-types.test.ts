import { expect, test } from "vitest";
import { askedFactTypes } from "./asked-fact-types.ts";

test.each([
  ["Where does Dima live?", ["location"]],
  ["When is Vera's birthday?", ["event", "date"]],
  ["What is Dima allergic to?", ["health"]],
  ["Which tea does she prefer?", ["preference"]],
  ["How much do I pay in rent?", ["financial"]],
  ["the tea", []],
])("reads the kind of fact asked for in: %s", (question, expected) => {
  expect([...askedFactTypes(question)]).toEqual(expected);
});
