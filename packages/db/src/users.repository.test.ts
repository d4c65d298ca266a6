import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { newId } from "./schema/base.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { fillWholeMemory } from "./testing/whole-memory.ts";
import { createUserRepository } from "./users.repository.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const as = <T>(userId: string, body: (users: ReturnType<typeof createUserRepository>, tx: UserTransaction) => Promise<T>) =>
  withUser(database.db, userId, (tx) => body(createUserRepository(tx), tx));

test("a user is made once under the chosen id, and changed by version", async () => {
  const [ada, ben] = [newId(), newId()];
  const made = await as(ada, (users) => users.create({ name: "Ada", timezone: "Europe/Vienna" }));
  expect(made).toMatchObject({ id: ada, name: "Ada", status: "active", version: 1 });
  await expect(as(ada, (users) => users.create({ name: "Eve" }))).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await as(ben, (users) => users.find())).toBeNull();
  await expect(as(ben, (users) => users.get())).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(as(ben, (users) => users.update(1, { name: "Eve" }))).rejects.toMatchObject({ code: "NOT_FOUND" });
  const changed = await as(ada, (users) => users.update(1, { summary: "likes numbers" }));
  expect(changed).toMatchObject({ name: "Ada", summary: "likes numbers", summaryUpdatedAt: expect.any(Date), version: 2 });
  await expect(as(ada, (users) => users.update(1, { name: "Eve" }))).rejects.toMatchObject({ code: "CONFLICT" });
  await as(ada, (users) => users.touchLastSeen());
  expect(await as(ada, (users) => users.get())).toMatchObject({ lastSeenAt: expect.any(Date), version: 2, updatedAt: changed.updatedAt });
});

test("a change of language makes what was said before searchable in the new one", async () => {
  const ada = newId();
  const found = await as(ada, async (users, tx) => {
    await users.create({ locale: "en" });
    await createMessageRepository(tx).store({ content: "Die Häuser" });
    await users.update(1, { locale: "de-DE" });
    return tx.execute(sql`select 1 from messages where user_id = ${ada} and search @@ to_tsquery('german', 'Haus')`);
  });
  expect(found).toHaveLength(1);
});

test("the census after deleting an account: no row of hers in any table of the catalog, every row of his", async () => {
  const [ada, ben] = [newId(), newId()];
  for (const id of [ada, ben]) {
    await as(id, async (users, tx) => {
      await users.create({ name: "x" });
      await fillWholeMemory(tx);
    });
  }
  const tables = await database.asOwner(
    (owner) => owner<{ name: string; key: string }[]>`
      select c.relname as name, case c.relname when 'users' then 'id' else 'user_id' end as key
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p')`,
  );
  expect(tables.length).toBeGreaterThan(25);
  const census = (userId: string) =>
    as(userId, async (_, tx) => {
      const counts: Record<string, number> = {};
      for (const { name, key } of tables) {
        const [row] = await tx.execute<{ n: number }>(
          sql`select count(*)::int as n from ${sql.identifier(name)} where ${sql.identifier(key)} = ${userId}`,
        );
        counts[name] = row?.n ?? -1;
      }
      return counts;
    });
  const his = await census(ben);
  expect(Object.keys(his).filter((table) => his[table] === 0)).toEqual([]);
  expect(await census(ada)).toEqual(his);
  await as(ada, (users) => users.delete());
  expect(Object.values(await census(ada)).every((rows) => rows === 0)).toBe(true);
  expect(await census(ben)).toEqual(his);
  await expect(as(ada, (users) => users.delete())).rejects.toMatchObject({ code: "NOT_FOUND" });
});
