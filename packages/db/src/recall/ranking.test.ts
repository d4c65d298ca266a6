import { factTypes, temporalSensitivities } from "@mema/shared";
import { array, assert, boolean, constantFrom, date, double, integer, option, property, record, shuffledSubarray, uuid } from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, rank, type RankingQuestion } from "./ranking.ts";

const now = new Date("2026-11-21T12:00:00Z");
const day = (text: string) => new Date(`${text}T10:00:00Z`);

const question = (more: Partial<RankingQuestion> = {}): RankingQuestion => ({
  terms: ["tea", "garden"],
  entityWeight: 2,
  averageLength: 8,
  now,
  periods: [],
  factTypes: new Set(),
  limit: 50,
  ...more,
});

const message = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  kind: "message",
  at: day("2026-01-05"),
  length: 8,
  saidByNamed: false,
  conversationId: null,
  asks: false,
  termScores: [[0, 3]],
  aboutNamed: false,
  fact: null,
  before: [],
  after: [],
  ...more,
});

const fact = (id: string, what: Partial<NonNullable<Candidate["fact"]>> = {}, more: Partial<Candidate> = {}): Candidate =>
  message(id, { kind: "fact", fact: { type: "other", sensitivity: "permanent", eventAt: null, ...what }, ...more });

const order = (candidates: readonly Candidate[], more?: Partial<RankingQuestion>) => rank(candidates, question(more)).map(({ id }) => id);
const part = (candidates: readonly Candidate[], id: string, from: string, more?: Partial<RankingQuestion>) =>
  rank(candidates, question(more))
    .find((one) => one.id === id)
    ?.contributions.find((one) => one.from === from)?.score;

test("prefers a fact of the kind that is asked for, and says so", () => {
  const facts = [fact("a", { type: "location" }), fact("b", { type: "health" })];
  expect(order(facts)).toEqual(["b", "a"]);
  expect(order(facts, { factTypes: new Set(["location"]) })).toEqual(["a", "b"]);
  expect(part(facts, "a", "fact_type", { factTypes: new Set(["location"]) })).toBeGreaterThan(0);
});

test("an old fact that was true for a short time counts less than one that stays true", () => {
  const facts = [
    fact("a", { sensitivity: "permanent" }),
    fact("b", { sensitivity: "short_term" }),
    fact("c", { sensitivity: "long_term" }),
  ];
  expect(order(facts)).toEqual(["a", "c", "b"]);
  expect(part(facts, "b", "sensitivity")).toBeLessThan(0);
  expect(part(facts, "a", "sensitivity")).toBeUndefined();
});

test("a fact is of the time that it tells of, too", () => {
  const periods = [{ month: 3, day: null }];
  const facts = [fact("a", { eventAt: day("1990-03-14") }), fact("b", { eventAt: day("1990-08-14") })];
  expect(order(facts, { periods })).toEqual(["a", "b"]);
  expect(part(facts, "a", "period", { periods })).toBeGreaterThan(part(facts, "b", "period", { periods }) ?? 0);
});

test("what follows a question takes more of its score than what follows a statement", () => {
  const place = (id: string) => ({ id, at: day("2026-01-05"), length: 8, saidByNamed: false });
  const asked = message("a", { asks: true, conversationId: "1", after: [place("b")] });
  const told = message("c", { conversationId: "2", after: [place("d")] });
  expect(part([asked, told], "b", "neighbour")).toBeGreaterThan(part([asked, told], "d", "neighbour") ?? 0);
});

test("what a named person said counts more, also where only what was said beside it has the words", () => {
  const place = (id: string, saidByNamed: boolean) => ({ id, at: day("2026-01-05"), length: 8, saidByNamed });
  expect(order([message("a", { saidByNamed: true }), message("b")])).toEqual(["a", "b"]);
  expect(order([message("m", { before: [place("n", true)], after: [place("o", false)] })])).toEqual(["m", "n", "o"]);
});

test("of two messages that took the same from what was said beside them, the one that says more comes first", () => {
  const place = (id: string, length: number) => ({ id, at: day("2026-01-05"), length, saidByNamed: false });
  expect(order([message("m", { before: [place("long", 12)], after: [place("short", 0)] })])).toEqual(["m", "long", "short"]);
});

const instants = date({ min: day("2020-01-01"), max: day("2027-01-01"), noInvalidDate: true });
const places = record({ id: uuid(), at: instants, length: integer({ min: 0, max: 500 }), saidByNamed: boolean() });
const candidates = array(
  record({
    id: uuid(),
    isFact: boolean(),
    at: instants,
    length: integer({ min: 0, max: 500 }),
    saidByNamed: boolean(),
    conversationId: option(constantFrom("1", "2")),
    asks: boolean(),
    score: double({ min: 0, max: 20, noNaN: true }),
    aboutNamed: boolean(),
    type: constantFrom(...factTypes),
    sensitivity: constantFrom(...temporalSensitivities),
    eventAt: option(instants),
    before: array(places, { maxLength: 2 }),
    after: array(places, { maxLength: 2 }),
  }),
  { maxLength: 12 },
).map((all) =>
  all.map(({ isFact, score, type, sensitivity, eventAt, conversationId, before, after, ...rest }): Candidate => ({
    ...rest,
    kind: isFact ? "fact" : "message",
    conversationId: isFact ? null : conversationId,
    termScores: [
      [0, score],
      [1, score / 3],
    ],
    fact: isFact ? { type, sensitivity, eventAt } : null,
    before: isFact ? [] : before,
    after: isFact ? [] : after,
  })),
);
const asked = record({
  factTypes: shuffledSubarray([...factTypes]).map((types) => new Set(types)),
  periods: constantFrom([], [{ from: day("2026-01-01"), to: day("2026-02-01") }], [{ month: 3, day: 14 }]),
});

test("every score is the sum of its parts and above zero, and the order of the candidates changes nothing", () => {
  assert(
    property(
      candidates.chain((all) => shuffledSubarray(all, { minLength: all.length }).map((shuffled) => ({ all, shuffled }))),
      asked,
      ({ all, shuffled }, more) => {
        const ranked = rank(all, question(more));
        for (const { score, contributions } of ranked) {
          expect(contributions.reduce((sum, one) => sum + one.score, 0)).toBe(score);
          expect(score).toBeGreaterThanOrEqual(0);
        }
        expect(rank(shuffled, question(more))).toEqual(ranked);
      },
    ),
  );
});
