import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createInterestRepository } from "./interests.repository.ts";
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
const at = (minute: number) => new Date(Date.UTC(2025, 0, 1, 0, minute));

test("the third mention of a topic promotes it, whatever its case and however many come at once", async () => {
  const mention = (topic: string) => as(ada, (tx) => createInterestRepository(tx).mention(topic, at(topic.length)));
  const seen = await Promise.all(["Climbing", "climbing", "CLIMBING", "climbinG"].map(mention));
  expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
  const { items } = await as(ada, (tx) => createInterestRepository(tx).list({ status: "promoted" }));
  expect(items).toEqual([expect.objectContaining({ mentionCount: 4, promotedAt: at(8) })]);
  expect((await as(ben, (tx) => createInterestRepository(tx).mention("climbing", at(1)))).mentionCount).toBe(1);
  expect((await as(ben, (tx) => createInterestRepository(tx).list({ status: "promoted" }))).items).toEqual([]);
});

test("an answer is given once, by the user, and a dismissed topic never comes back", async () => {
  const { id } = await as(ada, (tx) => createInterestRepository(tx).mention("chess", at(0)));
  const answer = (userId: string, what: "confirmed" | "dismissed") => as(userId, (tx) => createInterestRepository(tx).answer(id, what));
  await expect(answer(ben, "confirmed")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await answer(ada, "dismissed")).status).toBe("dismissed");
  await expect(answer(ada, "confirmed")).rejects.toMatchObject({ code: "CONFLICT" });
  for (let minute = 1; minute < 5; minute += 1) await as(ada, (tx) => createInterestRepository(tx).mention("Chess", at(minute)));
  expect((await as(ada, (tx) => createInterestRepository(tx).list())).items).toEqual([
    expect.objectContaining({ status: "dismissed", mentionCount: 5, promotedAt: null, firstSeenAt: at(0), lastSeenAt: at(4) }),
  ]);
});

test("the scan's cursor counts what the user said after it, and two scans do not both move it", async () => {
  const stored = await as(ada, (tx) =>
    createMessageRepository(tx).storeMany([{ content: "a" }, { content: "b", role: "bot" }, { content: "c" }, { content: "d" }]),
  );
  const unscanned = (userId: string) => as(userId, (tx) => createInterestRepository(tx).countUnscanned());
  expect(await unscanned(ada)).toBe(3);
  expect(await unscanned(ben)).toBe(0);
  const to = stored[2]?.message.id ?? "";
  const advance = (from: string | null) => as(ada, (tx) => createInterestRepository(tx).advance(from, to));
  const moves = await Promise.allSettled([advance(null), advance(null)]);
  expect(moves.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await unscanned(ada)).toBe(1);
  expect(await as(ada, (tx) => createInterestRepository(tx).cursor())).toBe(to);
  expect(await as(ben, (tx) => createInterestRepository(tx).cursor())).toBeNull();
  await advance(to);
});
