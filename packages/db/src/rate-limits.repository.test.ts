import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createRateLimitRepository } from "./rate-limits.repository.ts";
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
const hour = { limit: 5, windowSeconds: 86_400 };
const count = (userId: string, bucket: string, limits: { limit: number; windowSeconds: number; amount?: number } = hour) =>
  as(userId, (tx) => createRateLimitRepository(tx).count(bucket, limits));

test("of requests that come at once exactly as many as allowed pass, for each user and bucket", async () => {
  const outcomes = await Promise.all(Array.from({ length: 9 }, () => count(ada, "messages.send")));
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(5);
  expect(await count(ben, "messages.send")).toMatchObject({ allowed: true, remaining: 4, resetAt: expect.any(Date) });
  expect(await count(ada, "facts.create", { ...hour, amount: 6 })).toMatchObject({ allowed: false, remaining: 0 });
  const names = await database.asOwner((owner) => owner<{ bucket: string }[]>`select bucket from ops.rate_limits`);
  for (const { bucket } of names) expect(bucket).toMatch(/^[0-9a-f]{64}$/);
});

test("old windows are removed and the current ones stay", async () => {
  await count(ada, "x");
  await database.asOwner((owner) => owner`insert into ops.rate_limits (bucket, window_start) values ('old', now() - interval '2 days')`);
  expect(await as(ben, (tx) => createRateLimitRepository(tx).deleteExpired())).toBe(1);
  expect(await count(ada, "x")).toMatchObject({ remaining: 3 });
});
