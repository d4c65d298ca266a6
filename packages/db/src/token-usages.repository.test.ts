import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createTokenUsageRepository } from "./token-usages.repository.ts";
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
const budget = { at: new Date("2025-01-31T23:59:59Z"), kind: "extraction", model: "m" };
const meter = (userId: string, tokens: number, changes: Partial<typeof budget> = {}) =>
  as(userId, (tx) => createTokenUsageRepository(tx).meter({ ...budget, ...changes }, tokens));
const check = (userId: string, changes: Partial<typeof budget> = {}) =>
  as(userId, (tx) => createTokenUsageRepository(tx).check({ ...budget, ...changes }));

test("what is metered at once adds up exactly, by user, month, kind and model", async () => {
  await Promise.all(Array.from({ length: 10 }, () => meter(ada, 7)));
  await meter(ada, 1, { at: new Date("2025-02-01T00:00:00Z") });
  await meter(ada, 2, { model: "n" });
  await meter(ben, 5);
  expect(await check(ada)).toEqual({ allowed: true, used: 70, remaining: null });
  const month = await as(ada, (tx) => createTokenUsageRepository(tx).listMonth(budget.at));
  expect(month.map(({ model, tokensUsed }) => [model, tokensUsed])).toEqual([
    ["m", 70],
    ["n", 2],
  ]);
  await expect(meter(ada, -1)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});

test("a quota is checked before and ends where it is used up", async () => {
  await as(ada, (tx) => createTokenUsageRepository(tx).setQuota(budget, 10));
  await meter(ada, 9);
  expect(await check(ada)).toEqual({ allowed: true, used: 9, remaining: 1 });
  await meter(ada, 5);
  expect(await check(ada)).toEqual({ allowed: false, used: 14, remaining: 0 });
  expect(await check(ben)).toEqual({ allowed: true, used: 0, remaining: null });
  await as(ada, (tx) => createTokenUsageRepository(tx).setQuota(budget, null));
  expect((await check(ada)).allowed).toBe(true);
});
