import * as fc from "fast-check";
import { expect, test } from "vitest";
import { weighMeaning } from "./meaning.ts";

const near = (similarities: readonly number[]) => similarities.map((similarity, at) => ({ id: String(at), similarity }));
/** Similarities as a model gives them that tells nothing: normal around a mean. */
const noise = fc
  .array(fc.tuple(fc.double({ min: 1e-9, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 50,
    maxLength: 300,
  })
  .map((pairs) => pairs.map(([a, b]) => 0.5 + 0.01 * Math.max(-3, Math.min(3, Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b)))));

test("what stands out by no more than chance weighs less than the rarest word, so that words decide", () => {
  fc.assert(
    fc.property(noise, (usual) => {
      const mean = usual.reduce((sum, value) => sum + value, 0) / usual.length;
      const deviation = Math.sqrt(usual.reduce((sum, value) => sum + (value - mean) ** 2, 0) / usual.length);
      fc.pre(deviation > 0);
      const chance = Math.sqrt(2 * Math.log(usual.length));
      const hits = weighMeaning(near([mean + deviation * chance]), usual, usual.length);
      expect(hits.every(({ score }) => score < 0.1)).toBe(true);
    }),
  );
});

test("order by meaning is kept, and nothing depends on the model's scale", () => {
  fc.assert(
    fc.property(
      noise,
      fc.double({ min: 0.1, max: 10, noNaN: true }),
      fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      (usual, scale, shift) => {
        const found = near([0.9, 0.7, 0.6]);
        const scores = weighMeaning(found, usual, 300).map(({ score }) => score);
        expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        const scaled = weighMeaning(
          found.map((one) => ({ ...one, similarity: one.similarity * scale + shift })),
          usual.map((value) => value * scale + shift),
          300,
        );
        for (const [at, { score }] of scaled.entries()) expect(score).toBeCloseTo(scores[at] ?? 0, 5);
      },
    ),
  );
});

test("a text that stands far out counts like a rare word, and never like two", () => {
  const usual = Array.from({ length: 200 }, (_, at) => 0.1 + 0.02 * Math.sin(at));
  for (const similarity of [0.4, 1]) {
    const [hit] = weighMeaning(near([similarity]), usual, 200);
    expect(hit?.score).toBeGreaterThan(5);
    expect(hit?.score).toBeLessThan(10);
  }
});

test("where many texts stand out together, to stand out as they do counts for nothing", () => {
  const usual = Array.from({ length: 200 }, (_, at) => (at < 10 ? 0.4 + 0.01 * at : 0.001 * Math.sin(at)));
  expect(weighMeaning(near([0.49]), usual, 200)[0]?.score).toBeLessThan(0.1);
  const alone = usual.map((value, at) => (at < 10 ? 0.001 * Math.cos(at) : value));
  expect(weighMeaning(near([0.49]), [0.49, ...alone], 201)[0]?.score).toBeGreaterThan(5);
});

test.each([
  { texts: 1, similarity: 0.8, found: 1 },
  { texts: 1, similarity: 0.1, found: 0 },
  { texts: 9, similarity: 0.8, found: 1 },
])("with $texts texts a similarity of $similarity gives $found", ({ texts, similarity, found }) => {
  const hits = weighMeaning(
    near([similarity]),
    Array.from({ length: texts }, () => similarity),
    texts,
  );
  expect(hits).toHaveLength(found);
  expect(hits.every(({ score }) => score < 0.1)).toBe(true);
});

test("a model that gives every text the same vector finds nothing", () => {
  expect(
    weighMeaning(
      near([0.7]),
      Array.from({ length: 50 }, () => 0.7),
      50,
    ),
  ).toEqual([]);
});
