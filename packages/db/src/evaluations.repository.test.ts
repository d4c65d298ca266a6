import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createEvaluationRepository } from "./evaluations.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
let ada: string;
let ben: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  ada = await createTestUser(database.db, "Ada");
  ben = await createTestUser(database.db, "Ben");
});

const as = <T>(userId: string, body: (tx: UserTransaction) => Promise<T>) => withUser(database.db, userId, body);
test("judgements are listed by what they are about, and go with their message", async () => {
  const { message } = await as(ada, (tx) => createMessageRepository(tx).store({ content: "x" }));
  const judge = (userId: string) =>
    as(userId, (tx) =>
      createEvaluationRepository(tx).create({ messageId: message.id, evalType: "extraction_accuracy", verdict: "partial" }),
    );
  const made = await judge(ada);
  await expect(judge(ben)).rejects.toThrow();
  const list = (userId: string, filters: Parameters<ReturnType<typeof createEvaluationRepository>["list"]>[0]) =>
    as(userId, async (tx) => (await createEvaluationRepository(tx).list(filters)).items);
  expect(await list(ada, { messageId: message.id, verdict: "partial", evalType: "extraction_accuracy" })).toEqual([made]);
  expect(await list(ada, { verdict: "correct" })).toEqual([]);
  expect(await list(ada, { factId: message.id })).toEqual([]);
  expect(await list(ben, {})).toEqual([]);
  await as(ada, (tx) => createMessageRepository(tx).delete(message.id));
  expect(await list(ada, {})).toEqual([]);
});
