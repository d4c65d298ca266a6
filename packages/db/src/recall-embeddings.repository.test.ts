import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { withUser, withWorker, type WorkerTransaction } from "./connection/access.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { createRecallEmbeddingQueue } from "./recall-embeddings.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
let ada: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.asOwner((owner) => owner`update recall_embedding_queue set due_at = null, model = 'old'`);
  ada = await createTestUser(database.db, "Ada");
});

const queue = <T>(body: (queue: ReturnType<typeof createRecallEmbeddingQueue>, tx: WorkerTransaction) => Promise<T>) =>
  withWorker(database.db, (tx) => body(createRecallEmbeddingQueue(tx), tx));
const write = (userId: string) => withUser(database.db, userId, (tx) => createMessageRepository(tx).store({ content: "tea" }));
const claimed = async () => {
  const [claim] = await queue((own) => own.claim(10, 60));
  if (claim === undefined) throw new Error("nobody was due");
  return claim;
};

test("a user who wrote is due once, for one claimer at a time", async () => {
  await write(ada);
  await write(ada);
  const claim = await claimed();
  expect(claim).toMatchObject({ userId: ada, changes: 2, attempts: 0 });
  expect(await queue((own) => own.claim(10, 60))).toEqual([]);
  await queue((own) => own.settle(claim, "m"));
  expect(await queue((own) => own.claim(10, 60))).toEqual([]);
});

test("what is written during a pass makes the user due again", async () => {
  await write(ada);
  const claim = await claimed();
  await write(ada);
  await queue((own) => own.settle(claim, "m"));
  expect(await claimed()).toMatchObject({ userId: ada, changes: 2 });
});

test("a claim that ran out is another's, and the first one neither holds nor settles it", async () => {
  await write(ada);
  const [late] = await queue((own) => own.claim(10, 0));
  if (late === undefined) throw new Error("nobody was due");
  const now = await claimed();
  expect(await queue((own) => own.extend(late, 60))).toBe(false);
  await queue((own) => own.settle(late, "m"));
  await queue((own) => own.postpone(late, 0, true));
  expect(await queue((own) => own.extend(now, 60))).toBe(true);
  expect(await queue((own) => own.claim(10, 60))).toEqual([]);
});

test("a failed pass is tried later, and counted", async () => {
  await write(ada);
  const claim = await claimed();
  await queue((own) => own.postpone(claim, 3_600, true));
  expect(await queue((own) => own.claim(10, 60))).toEqual([]);
  await database.asOwner((owner) => owner`update recall_embedding_queue set due_at = now() where user_id = ${ada}`);
  expect(await claimed()).toMatchObject({ attempts: 1 });
});

test("another model makes everybody due whose vectors are the old one's", async () => {
  await write(ada);
  const claim = await claimed();
  await queue((own) => own.settle(claim, "old"));
  expect(await queue((own) => own.requeueOtherModels("old", 100))).toBe(0);
  expect(await queue((own) => own.requeueOtherModels("new", 100))).toBeGreaterThan(0);
  expect(await queue((own) => own.claim(10, 60))).toContainEqual(expect.objectContaining({ userId: ada }));
});

test("the worker's role sees whose turn it is and no text", async () => {
  await write(ada);
  await expect(queue((_, tx) => tx.execute(sql`select content from messages`))).rejects.toThrow();
  await expect(queue((_, tx) => tx.execute(sql`select embedding from recall_message_embeddings`))).rejects.toThrow();
});
