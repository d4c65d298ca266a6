import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createDialogStateRepository } from "./dialog-states.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { newId } from "./schema/base.ts";
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
const now = new Date("2025-01-01T12:00:00Z");
const after = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const get = (userId: string, at: Date) => as(userId, (tx) => createDialogStateRepository(tx).get(at));

test("a question waits for 30 minutes, and for 5 more it is known that one ran out", async () => {
  const context = { kind: "conflict" as const, factId: newId(), messageId: newId() };
  const asked = await as(ada, (tx) => createDialogStateRepository(tx).set(0, context, now));
  expect(asked).toMatchObject({ state: "confirm", context, expiresAt: after(30), version: 1 });
  expect(await get(ada, new Date(after(30).getTime() - 1))).toEqual(asked);
  expect(await get(ada, after(30))).toMatchObject({ state: "idle", context: null, version: 1, recentlyReset: true });
  expect(await get(ada, new Date(after(35).getTime() - 1))).toMatchObject({ recentlyReset: true });
  expect(await get(ada, after(35))).toMatchObject({ state: "idle", recentlyReset: false });
  expect(await get(ben, now)).toEqual({ state: "idle", context: null, expiresAt: null, version: 0, recentlyReset: false });
});

test("of several answers to one question one wins", async () => {
  const context = { kind: "missing_data" as const, messageId: newId(), field: "time" };
  const ask = (version: number) => as(ada, (tx) => createDialogStateRepository(tx).set(version, context, now));
  const first = await Promise.allSettled([ask(0), ask(0), ask(0)]);
  expect(first.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(await get(ada, now)).toMatchObject({ state: "await" });
  const reset = (userId: string) => as(userId, (tx) => createDialogStateRepository(tx).reset(1));
  await expect(reset(ben)).rejects.toMatchObject({ code: "CONFLICT" });
  const answers = await Promise.allSettled([reset(ada), reset(ada), ask(1)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
  for (const answer of answers) if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "CONFLICT" });
});

test("a question about something that is deleted is over", async () => {
  const { id } = await as(ada, (tx) => createFactRepository(tx).create({ content: "x" }));
  const ask = (version: number, factId: string) =>
    as(ada, (tx) => createDialogStateRepository(tx).set(version, { kind: "conflict", factId, messageId: newId() }, now));
  await ask(0, newId());
  await as(ada, (tx) => createFactRepository(tx).delete(id));
  expect(await get(ada, now)).toMatchObject({ state: "confirm", version: 1 });
  const other = await as(ada, (tx) => createFactRepository(tx).create({ content: "y" }));
  await ask(1, other.id);
  await as(ada, (tx) => createFactRepository(tx).delete(other.id));
  expect(await get(ada, now)).toMatchObject({ state: "idle", version: 3, recentlyReset: false });
});
