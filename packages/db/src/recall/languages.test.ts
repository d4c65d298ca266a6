import { afterAll, beforeAll, expect, test } from "vitest";
import { withUser } from "../connection/access.ts";
import { createMessageRepository } from "../messages.repository.ts";
import { createRecallRepository } from "../recall.repository.ts";
import { newId } from "../schema/base.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { createRecallSets } from "../testing/recall-set.ts";
import { createUserRepository } from "../users.repository.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const now = new Date("2026-11-21T12:00:00Z");

test.each(createRecallSets())(
  "finds 9 of 10 answers among the first five in $language, without being told the language",
  async ({ documents, questions }) => {
    const found = await withUser(database.db, newId(), async (tx) => {
      await createUserRepository(tx).create({});
      const stored = await createMessageRepository(tx).storeMany(documents.map(({ text }) => ({ content: text, sentAt: now })));
      const idOf = new Map(documents.map(({ id }, at) => [id, stored[at]?.message.id]));
      let hits = 0;
      for (const { text, relevant } of questions) {
        const results = await createRecallRepository(tx).search({ query: text, limit: 5, now });
        if (results.some(({ id }) => id === idOf.get(relevant))) hits += 1;
      }
      return hits;
    });
    expect(found / questions.length).toBeGreaterThanOrEqual(0.9);
  },
);
