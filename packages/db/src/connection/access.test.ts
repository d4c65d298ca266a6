import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { newId } from "../schema/base.ts";
import { withUser } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test("a user sees the own row and not another's", async () => {
  const [ada, ben] = [newId(), newId()];
  for (const id of [ada, ben]) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
  const seen = await withUser(database.db, ada, (tx) => tx.select({ id: users.id }).from(users), { readOnly: true });
  expect(seen).toEqual([{ id: ada }]);
  const who = await withUser(database.db, ada, (tx) => tx.execute(sql`select current_user as me`));
  expect(who[0]).toEqual({ me: "mema_app" });
});
