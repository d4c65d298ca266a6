import { array, assert, asyncProperty, constantFrom, shuffledSubarray } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type UserTransaction, withUser } from "../connection/access.ts";
import { createMessageRepository } from "../messages.repository.ts";
import { createRecallRepository } from "../recall.repository.ts";
import { newId } from "../schema/base.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { createUserRepository } from "../users.repository.ts";
import { findCandidates } from "./candidates.ts";
import { recallParameters } from "./parameters.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const now = new Date("2026-11-21T12:00:00Z");
const sentAt = new Date("2026-01-05T10:00:00Z");

async function asNewUser<T>(said: readonly string[], body: (tx: UserTransaction) => Promise<T>): Promise<T> {
  return withUser(database.db, newId(), async (tx) => {
    await createUserRepository(tx).create({});
    await createMessageRepository(tx).storeMany(said.map((content) => ({ content, sentAt })));
    return body(tx);
  });
}

test("a word too frequent to look for still adds to what rarer words found, exactly as much as if it had been looked for", async () => {
  await asNewUser(["tea xylophone", "xylophone", "tea", "tea party"], async (tx) => {
    const scores = async (teaCount: number) => {
      const terms = [
        { term: "xylophon", weight: 2, documentCount: 2 },
        { term: "tea", weight: 1, documentCount: teaCount },
      ];
      const found = await findCandidates(tx, { terms, names: [], averageLength: 1.5, entityIds: [] }, {});
      return new Map(found.map(({ id, termScores }) => [id, termScores]));
    };
    const all = await scores(3);
    const some = await scores(recallParameters.postingBudget);
    expect(all.size).toBe(4);
    expect(some.size).toBe(2);
    for (const [id, termScores] of some) expect(termScores).toEqual(all.get(id));
  });
});

const words = ["tea", "garden", "Dima", "climbing", "rain", "book", "violin"];
const sentences = array(array(constantFrom(...words), { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });

const scoresOf = async (tx: UserTransaction) =>
  (await createRecallRepository(tx).search({ query: "Does Dima climb in the garden?", limit: 50, now }))
    .map(({ text, score }) => `${text} ${score}`)
    .toSorted();

test("neither the order of writing nor what another user wrote changes a score", async () => {
  await assert(
    asyncProperty(
      sentences.chain((said) => shuffledSubarray(said, { minLength: said.length }).map((shuffled) => ({ said, shuffled }))),
      sentences,
      async ({ said, shuffled }, others) => {
        const texts = said.map((one) => one.join(" "));
        const before = await asNewUser(texts, scoresOf);
        await asNewUser(
          others.map((one) => one.join(" ")),
          scoresOf,
        );
        const after = await asNewUser(
          shuffled.map((one) => one.join(" ")),
          scoresOf,
        );
        expect(after).toEqual(before);
      },
    ),
    { numRuns: 15 },
  );
});
