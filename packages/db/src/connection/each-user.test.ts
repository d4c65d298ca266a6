import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { savepoint, type UserTransaction, withUser } from "./access.ts";
import { withUsers } from "./each-user.ts";

let database: TestDatabase;
const ids = Array.from({ length: 12 }, newId).toSorted();
const [ada = "", ben = ""] = ids;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const id of ids) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
});
afterAll(() => database.close());

/** Without any filter of its own: only the policy decides what is seen. */
const visible = async (tx: UserTransaction) =>
  (await tx.execute<{ id: string }>(sql`select id::text as id from users`)).map(({ id }) => id);
const nameOf = (id: string) => withUser(database.db, id, async (tx) => (await tx.select({ name: users.name }).from(users))[0]?.name);

/** Statements of one user, some together and some after others' turns, and what they saw. */
async function meander(tx: UserTransaction): Promise<string[]> {
  const seen: string[] = [];
  for (let step = 0; step < 8; step += 1) {
    for (let turn = Math.floor(Math.random() * 4); turn > 0; turn -= 1) await Promise.resolve();
    const answers = await Promise.all(Array.from({ length: 1 + (step % 3) }, () => visible(tx)));
    seen.push(...answers.flat());
    if (Math.random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  return seen;
}

test("each user's statements see the own row alone, however those of 12 users meet on the one connection", async () => {
  for (let round = 0; round < 20; round += 1) {
    const seen = await withUsers(database.db, ids, async (tx) => ({ id: tx.userId, rows: await meander(tx) }));
    expect(seen.map(({ id }) => id)).toEqual(ids);
    for (const { id, rows } of seen) expect(new Set(rows)).toEqual(new Set([id]));
  }
});

test("negative control: a connection that is bound to somebody else in between is caught by the same look", async () => {
  const seen = await withUser(database.db, ada, async (tx) => {
    await tx.execute(sql.raw(`set local app.user_id = '${ben}'`));
    return visible(tx);
  });
  expect(seen).not.toEqual([ada]);
});

test("each user's changes are the own ones, and all are saved together", async () => {
  await withUsers(database.db, ids, async (tx) => {
    await tx.execute(sql`update users set name = ${tx.userId}`);
  });
  for (const id of ids) expect(await nameOf(id)).toBe(id);
});

test("a body that throws, returns an error or writes another's row undoes everybody's changes", async () => {
  const failures: ((tx: UserTransaction) => Promise<unknown>)[] = [
    () => Promise.reject(new Error("given up")),
    () => Promise.resolve([null, new Error("given up")]),
    (tx) => tx.insert(users).values({ id: newId() }),
    (tx) => tx.update(users).set({ id: ada }),
  ];
  for (const failure of failures) {
    const attempt = withUsers(database.db, [ada, ben], async (tx) => {
      await tx.execute(sql`update users set name = 'changed'`);
      return tx.userId === ben ? failure(tx) : null;
    });
    await expect(attempt).rejects.toThrow();
    expect([await nameOf(ada), await nameOf(ben)]).not.toContain("changed");
  }
});

test("a savepoint is refused, because rolling it back would bring back an earlier user's binding", async () => {
  const attempt = withUsers(database.db, [ada, ben], (tx) => savepoint(tx, () => visible(tx)));
  await expect(attempt).rejects.toMatchObject({ code: "INTERNAL" });
});

test("users are taken once and in the order of their ids; no user is no transaction", async () => {
  const taken = await withUsers(database.db, [ben, ada.toUpperCase(), ben], async ({ userId }) => userId);
  expect(taken).toEqual([ada, ben]);
  expect(await withUsers(database.db, [], async ({ userId }) => userId)).toEqual([]);
  await expect(withUsers(database.db, ["x"], async () => 1)).rejects.toMatchObject({ code: "BAD_REQUEST" });
});
