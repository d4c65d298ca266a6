import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withUser } from "./connection/access.ts";
import { decodeCursor, encodeCursor, idKey, pageLimit, timeKey } from "./cursor.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test("pages of any size, put together, are the whole list: nothing twice, nothing left out, also among equal times", async () => {
  const everyone = await createTestUser(database.db, "Ben");
  await withUser(database.db, everyone, (tx) =>
    createMessageRepository(tx).storeMany(Array.from({ length: 5 }, () => ({ content: "not hers" }))),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 25 }),
      fc.integer({ min: 1, max: 27 }),
      fc.constantFrom("newest" as const, "oldest" as const),
      async (times, limit, order) => {
        const ada = await createTestUser(database.db, "Ada");
        await withUser(database.db, ada, async (tx) => {
          const messages = createMessageRepository(tx);
          const stored = await messages.storeMany(times.map((time, at) => ({ content: String(at), sentAt: new Date(1.7e12 + time) })));
          const paged: string[] = [];
          let cursor: string | null = null;
          do {
            const page = await messages.list({ order, limit, cursor });
            expect(page.items.length).toBe(Math.min(limit, times.length - paged.length));
            paged.push(...page.items.map(({ id }) => id));
            cursor = page.nextCursor;
          } while (cursor !== null);
          const whole = stored
            .map(({ message }) => message)
            .toSorted((a, b) => a.sentAt.getTime() - b.sentAt.getTime() || (a.id < b.id ? -1 : 1))
            .map(({ id }) => id);
          expect(paged).toEqual(order === "oldest" ? whole : whole.toReversed());
        });
      },
    ),
    { numRuns: 40 },
  );
});

test("a cursor comes back as it was made", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }), fc.uuid(), (at, id) => {
      const key: [string, string] = [at.toISOString(), id];
      expect(decodeCursor(timeKey, encodeCursor(key))).toEqual(key);
    }),
  );
});

test("whatever is not a cursor of the list is refused at `cursor`, with what to do", () => {
  const id = "01a1fdd7-ed52-7f61-82d4-d66eb22fc497";
  const malformed = [
    "",
    "x",
    "%%%",
    "a".repeat(501),
    encodeCursor([id]),
    encodeCursor(["yesterday", id]),
    encodeCursor(["1; drop table users", id]),
  ];
  for (const cursor of malformed) {
    expect(() => decodeCursor(timeKey, cursor)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", issues: [expect.objectContaining({ path: ["cursor"] })] }),
    );
  }
  fc.assert(
    fc.property(fc.string(), (cursor) => {
      expect(() => decodeCursor(idKey, cursor)).toThrow(/nextCursor/);
    }),
  );
  expect(decodeCursor(idKey, null)).toBeNull();
});

test("a page has 1 to 200 items", () => {
  expect(pageLimit()).toBe(50);
  for (const limit of [0, -1, 1.5, 201, Number.NaN])
    expect(() => pageLimit(limit)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
});
