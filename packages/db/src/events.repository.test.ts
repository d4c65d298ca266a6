import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createAuditLogRepository } from "./audit-log.repository.ts";
import { createEventRepository } from "./events.repository.ts";
import { createIdempotencyKeyRepository } from "./idempotency-keys.repository.ts";
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
const event = (type: string) => ({ type, actor: "user" as const, payload: { id: "x" } });

test("events are numbered without a gap in the order of commits, also when many are written at once and some fail", async () => {
  const write = (at: number) =>
    as(ada, async (tx) => {
      await createEventRepository(tx).append([event(`a${at}`), event(`b${at}`)]);
      if (at % 3 === 0) throw new Error("given up");
    });
  await Promise.allSettled(Array.from({ length: 12 }, (_, at) => write(at)));
  const seen = await as(ada, (tx) => createEventRepository(tx).listAfter(0));
  expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
  for (let at = 0; at < 16; at += 2) expect(seen[at]?.type.slice(1)).toBe(seen[at + 1]?.type.slice(1));
});

test("a reader that resumes after the last number it got misses none and sees nobody else's", async () => {
  await as(ada, (tx) => createEventRepository(tx).append([event("a"), event("b"), event("c")]));
  await as(ben, (tx) => createEventRepository(tx).append([event("x")]));
  await as(ada, (tx) => createEventRepository(tx).append([]));
  await as(ada, async (tx) => {
    const events = createEventRepository(tx);
    const first = await events.listAfter(0, 2);
    const rest = await events.listAfter(first.at(-1)?.seq ?? 0, 2);
    expect([...first, ...rest].map(({ type }) => type)).toEqual(["a", "b", "c"]);
    expect(await events.lastSeq()).toBe(3);
    await expect(events.listAfter(0, 501)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
  expect((await as(ben, (tx) => createEventRepository(tx).listAfter(0))).map(({ type }) => type)).toEqual(["x"]);
  expect(await as(ben, (tx) => createEventRepository(tx).lastSeq())).toBe(1);
});

test("the audit log lists what was done, the newest first", async () => {
  await as(ada, async (tx) => {
    const log = createAuditLogRepository(tx);
    await log.append({ actor: "user", action: "facts.create", resource: "fact:1" });
    await log.append({ actor: "system", action: "facts.delete", resource: "fact:1", metadata: { count: 1 } });
    expect((await log.list({ resource: "fact:1", action: "facts.delete" })).items).toEqual([
      expect.objectContaining({ metadata: { count: 1 } }),
    ]);
    expect((await log.list({ limit: 1 })).nextCursor).not.toBeNull();
  });
  expect((await as(ben, (tx) => createAuditLogRepository(tx).list())).items).toEqual([]);
});

test("the same idempotency key runs once and gives its first answer, however many come at once", async () => {
  const request = { key: "k", procedure: "facts.create", requestFingerprint: "f", ttlSeconds: 60 };
  let ran = 0;
  const send = (userId: string) =>
    as(userId, async (tx) => {
      const keys = createIdempotencyKeyRepository(tx);
      const outcome = await keys.begin(request);
      if (outcome.kind === "replay") return outcome.response;
      ran += 1;
      await keys.complete(request.key, { run: ran });
      return { run: ran };
    });
  expect(await Promise.all(Array.from({ length: 6 }, () => send(ada)))).toEqual(Array.from({ length: 6 }, () => ({ run: 1 })));
  expect(await send(ben)).toEqual({ run: 2 });
  for (const other of [{ requestFingerprint: "g" }, { procedure: "facts.delete" }]) {
    await expect(as(ada, (tx) => createIdempotencyKeyRepository(tx).begin({ ...request, ...other }))).rejects.toMatchObject({
      code: "CONFLICT",
    });
  }
});

test("a failed request leaves its idempotency key free, and an expired one is taken anew or removed", async () => {
  const request = { key: "k", procedure: "p", requestFingerprint: "f", ttlSeconds: 60 };
  const begin = (changes: Partial<typeof request> = {}) =>
    as(ada, (tx) => createIdempotencyKeyRepository(tx).begin({ ...request, ...changes }));
  const failed = as(ada, async (tx) => {
    await createIdempotencyKeyRepository(tx).begin(request);
    throw new Error("given up");
  });
  await expect(failed).rejects.toThrow("given up");
  expect(await begin({ ttlSeconds: -1 })).toEqual({ kind: "first" });
  expect(await begin({ requestFingerprint: "another", ttlSeconds: -1 })).toEqual({ kind: "first" });
  await begin({ key: "live" });
  expect(await as(ben, (tx) => createIdempotencyKeyRepository(tx).deleteExpired())).toBe(0);
  expect(await as(ada, (tx) => createIdempotencyKeyRepository(tx).deleteExpired())).toBe(1);
  expect(await begin({ key: "live" })).toEqual({ kind: "replay", response: null });
});
