import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../schema/base.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { users } from "../schema/index.ts";
import { withUser } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test("an announcement arrives after the commit, once, and not at all after a rollback", async () => {
  const id = newId();
  const heard: string[] = [];
  const listening = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  database.db.signals.on("events", (payload) => {
    if (payload === "") listening.resolve();
    else heard.push(payload);
    if (payload === "last") arrived.resolve();
  });
  if (database.engine === "postgres") await listening.promise;
  const failed = withUser(database.db, id, async (tx) => {
    tx.signal("events", "rolled back");
    await tx.insert(users).values({ id });
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  await withUser(database.db, id, async (tx) => {
    await tx.insert(users).values({ id });
    tx.signal("events", id);
    tx.signal("events", id);
    expect(heard).toEqual([]);
  });
  await withUser(database.db, id, async (tx) => {
    await tx.select({ id: users.id }).from(users);
    tx.signal("events", "last");
  });
  await arrived.promise;
  expect(heard).toEqual([id, "last"]);
});
