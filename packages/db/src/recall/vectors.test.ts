import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withUser } from "../connection/access.ts";
import { createFactRepository } from "../facts.repository.ts";
import { createMessageRepository } from "../messages.repository.ts";
import { createRecallEmbeddingRepository } from "../recall-embeddings.repository.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { createTestUser } from "../testing/users.ts";
import { findNearest, toStoredVector } from "./vectors.ts";

let database: TestDatabase;
let ada: string;
let ben: string;
beforeAll(async () => {
  database = await createTestDatabase();
  ada = await createTestUser(database.db, "Ada");
  ben = await createTestUser(database.db, "Ben");
});
afterAll(() => database.close());

/** Numbers in (-1, 1), the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2_147_483_648 - 1;
  };
}

const vectorOf = (seed: number, dimensions: number): number[] => {
  const random = randomFrom(seed);
  return Array.from({ length: dimensions }, random);
};
const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));

/** Stores messages with these vectors and returns their ids. */
const store = (userId: string, vectors: readonly (readonly number[])[], model = "m") =>
  withUser(database.db, userId, async (tx) => {
    const ids: string[] = [];
    for (let at = 0; at < vectors.length; at += 500) {
      const batch = vectors.slice(at, at + 500);
      const stored = await createMessageRepository(tx).storeMany(batch.map(() => ({ content: "x" })));
      await createRecallEmbeddingRepository(tx).store(
        model,
        stored.map(({ message }, index) => ({ kind: "message", id: message.id, text: "x", values: batch[index] ?? null })),
      );
      ids.push(...stored.map(({ message }) => message.id));
    }
    return ids;
  });

/** Five centres with noise around them, as texts on five topics: the codes tell the topic, and little within it. */
const topical = (seed: number, dimensions: number): number[] =>
  vectorOf(seed, dimensions).map((noise, at) => noise + 3 * (vectorOf(1_000_000 + (seed % 5), dimensions)[at] ?? 0));

test.each([
  { kind: "without any structure, where codes alone lose rows", make: vectorOf },
  { kind: "of a few topics, where codes rule most of them out", make: topical },
])("finds exactly the nearest among vectors $kind, whether all are compared or codes come first", async ({ make }) => {
  const user = await createTestUser(database.db, "Cy");
  const vectors = Array.from({ length: 1_900 }, (_, seed) => make(seed, 96));
  const ids = await store(user, vectors);
  await withUser(database.db, user, async (tx) => {
    for (let question = 0; question < 10; question++) {
      const asked = make(10_000 + question, 96);
      const similarities = new Map(vectors.map((vector, at) => [ids[at], cosine(vector, asked)]));
      const tenth = [...similarities.values()].toSorted((a, b) => b - a)[9] ?? 1;
      const [compared, coded] = await Promise.all(
        [{}, { texts: 1_000_000 }].map((size) => findNearest(tx, "message", { embedding: asked, limit: 10 }, size)),
      );
      expect(coded).toEqual(compared);
      expect(compared).toHaveLength(10);
      for (const { id, similarity } of compared ?? []) {
        expect(similarity).toBeCloseTo(similarities.get(id) ?? 0, 3);
        // Half precision may swap two that are the same to three digits.
        expect(similarity).toBeGreaterThan(tenth - 0.001);
      }
    }
  });
});

test("returns exactly min(k, own rows), also for a user with 0.1% of the rows", async () => {
  await store(
    ada,
    Array.from({ length: 2_000 }, (_, seed) => vectorOf(seed, 8)),
  );
  const own = await store(ben, [vectorOf(1, 8), vectorOf(2, 8)]);
  await withUser(database.db, ben, async (tx) => {
    const found = (limit: number) => createMessageRepository(tx).similaritySearch({ embedding: vectorOf(3, 8), limit });
    expect((await found(1)).map(({ id }) => own.includes(id))).toEqual([true]);
    expect((await found(100)).map(({ id }) => id).toSorted()).toEqual(own.toSorted());
    const coded = await findNearest(tx, "message", { embedding: vectorOf(3, 8), limit: 1 }, { texts: 1_000_000 });
    expect(coded.map(({ id }) => id)).toEqual((await found(1)).map(({ id }) => id));
  });
});

test("gives the cosine as the score, above the threshold, and compares only vectors of the same length and model", async () => {
  const user = await createTestUser(database.db, "Dan");
  await withUser(database.db, user, async (tx) => {
    const facts = createFactRepository(tx);
    const [a, b, c] = [await facts.create({ content: "a" }), await facts.create({ content: "b" }), await facts.create({ content: "c" })];
    const embeddings = createRecallEmbeddingRepository(tx);
    await embeddings.store("m", [
      { kind: "fact", id: a.id, text: "a", values: [3, 4] },
      { kind: "fact", id: b.id, text: "b", values: [0, 2] },
      { kind: "fact", id: c.id, text: "c", values: [3, 4, 0] },
    ]);
    const scores = async (search: object) =>
      (await facts.similaritySearch({ embedding: [30, 40], limit: 5, ...search })).map(({ content, score }) => [content, score]);
    expect(await scores({})).toEqual([
      ["a", expect.closeTo(1, 5)],
      ["b", expect.closeTo(0.8, 5)],
    ]);
    expect(await scores({ threshold: 0.9 })).toEqual([["a", expect.closeTo(1, 5)]]);
    expect(await scores({ model: "other" })).toEqual([]);
    await facts.retract(a.id, 1);
    expect((await scores({})).map(([content]) => content)).toEqual(["b"]);
  });
});

test("stores no vector of a text that was forgotten or is another by now", async () => {
  const user = await createTestUser(database.db, "Eve");
  await withUser(database.db, user, async (tx) => {
    const [gone, kept] = await createMessageRepository(tx).storeMany([{ content: "gone" }, { content: "kept", author: "Eve" }]);
    const ids = [gone?.message.id ?? "", kept?.message.id ?? ""];
    await createMessageRepository(tx).delete(ids[0] ?? "");
    const embeddings = createRecallEmbeddingRepository(tx);
    const missing = await embeddings.listMissing({ model: "m", dimensions: null }, { kind: "message", limit: 10 });
    expect(missing).toEqual([{ kind: "message", id: ids[1], text: "Eve: kept" }]);
    const texts = ["gone", "kept before it was edited"].map((text, at) => ({
      kind: "message" as const,
      id: ids[at] ?? "",
      text,
      values: [1],
    }));
    expect(await embeddings.store("m", texts)).toBe(0);
    expect(await embeddings.store("m", [{ kind: "message", id: ids[1] ?? "", text: "Eve: kept", values: [1] }])).toBe(1);
    expect(await embeddings.listMissing({ model: "m", dimensions: 1 }, { kind: "message", limit: 10 })).toEqual([]);
    expect(await embeddings.listMissing({ model: "n", dimensions: null }, { kind: "message", limit: 10 })).toHaveLength(1);
    expect(await embeddings.listMissing({ model: "m", dimensions: 2 }, { kind: "message", limit: 10 })).toHaveLength(1);
    await createMessageRepository(tx).delete(ids[1] ?? "");
    expect(await tx.execute(sql`select 1 from recall_message_embeddings where user_id = ${user}::uuid`)).toHaveLength(0);
  });
});

test.each([
  { values: [], reason: "no numbers" },
  { values: Array.from({ length: 1_537 }, () => 1), reason: "too many" },
  { values: [1, Number.NaN], reason: "not a number" },
  { values: [Number.POSITIVE_INFINITY], reason: "not finite" },
  { values: [0, 0], reason: "only zeros" },
])("refuses a vector with $reason", ({ values }) => {
  expect(() => toStoredVector(values)).toThrow(/embedding/);
});
