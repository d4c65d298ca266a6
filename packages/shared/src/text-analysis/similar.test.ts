import { expect, test } from "vitest";
import { similarity } from "./similar.ts";

test.each([
  ["climber", "climb", 0.8],
  ["photo", "photograph", 0],
  ["climbng", "climbing", 0.6],
  ["cilmb", "climb", 0.6],
  ["restuarent", "restaurant", 0.6],
  ["cat", "cart", 0],
  ["march", "match", 0.6],
  ["violin", "garden", 0],
  ["dima", "dima", 1],
])("%s is to %s as %d", (asked, known, expected) => {
  expect(similarity(asked, known)).toBe(expected);
  expect(similarity(known, asked)).toBe(expected);
});
