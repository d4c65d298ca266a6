import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { and, eq, sql } from "drizzle-orm";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { compileQuery } from "./queries.ts";
import { withSignIn, withUser, withWorker } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1 });
  for (const id of [ada, ben]) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
});
afterAll(() => database.close());

const [ada, ben] = [newId(), newId()];

/** Runs statements as the application's role on the very connection that Ada's transaction has just used, without binding it to a user. */
async function onUsedConnection<T>(body: (connection: postgres.Sql) => Promise<T>): Promise<T> {
  await withUser(database.db, ada, (tx) => tx.select().from(users));
  const slot = await database.db.app.pool.acquire();
  try {
    await slot.driver.unsafe("begin; set local role mema_app");
    return await body(slot.driver);
  } finally {
    await slot.driver.unsafe("rollback");
    database.db.app.pool.release(slot);
  }
}

test("a user sees the own row and not another's (I1)", async () => {
  const seen = await withUser(database.db, ada, (tx) => tx.select({ id: users.id }).from(users), { readOnly: true });
  expect(seen).toEqual([{ id: ada }]);
});

test("every transaction runs as its role", async () => {
  const who = sql`select current_user as me`;
  expect(await withUser(database.db, ada, (tx) => tx.execute(who))).toEqual([{ me: "mema_app" }]);
  expect(await withWorker(database.db, (tx) => tx.execute(who))).toEqual([{ me: "mema_worker" }]);
  expect(await withSignIn(database.db, (tx) => tx.execute(who))).toEqual([{ me: "mema_auth" }]);
});

test("a connection that no user was bound to yet shows no row and no error (I2)", async ({ skip }) => {
  skip(database.engine === "embedded", "its one connection is used already");
  const url = deriveRuntimeUrls(database.ownerUrl ?? inject("ownerUrl") ?? "").app;
  const fresh = postgres(url, { max: 1 });
  expect(await fresh`select id from users`).toEqual([]);
  await fresh.end();
});

test("an unbound transaction on a used connection shows no row and no error (I3, I5)", async () => {
  expect(await onUsedConnection((connection) => connection.unsafe("select id from users"))).toEqual([]);
});

test("a malformed binding is an error and never rows (I4)", async () => {
  const query = onUsedConnection((connection) =>
    connection.unsafe("select set_config('app.user_id', 'ada', true)").then(() => connection.unsafe("select id from users")),
  );
  await expect(query).rejects.toMatchObject({ code: "22P02" });
});

test.each(["", "ada", `${ada}'; select '`, `${ada} `])("an id that is no UUID never reaches the database: %j", async (id) => {
  await expect(withUser(database.db, id, async () => {})).rejects.toMatchObject({ code: "BAD_REQUEST", issues: [{ path: ["userId"] }] });
});

test.each(["set_local", "set_config"] as const)(
  "either way of binding shows each user the own row alone and ends with the transaction: %s",
  async (binding) => {
    const other = await createTestDatabase({ poolSize: 1, binding });
    onTestFinished(() => other.close());
    for (const id of [ada, ben]) await withUser(other.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
    const look = sql`select id, current_user as role, current_setting('statement_timeout') as "limit" from users`;
    for (const options of [{}, { readOnly: true }, { readOnly: true, oneStatement: true }]) {
      for (const id of [ada, ben]) {
        const seen = await withUser(other.db, id, (tx) => tx.execute(look), { ...options, deadlineMs: 4_000 });
        expect(seen).toEqual([{ id, role: "mema_app", limit: "4s" }]);
      }
    }
    const slot = await other.db.app.pool.acquire();
    const [after] = await slot.driver.unsafe("select nullif(current_setting('app.user_id', true), '') as bound");
    other.db.app.pool.release(slot);
    expect(after?.["bound"]).toBeNull();
  },
);

test("an id in capitals is the same user", async () => {
  expect(await withUser(database.db, ada.toUpperCase(), (tx) => tx.select({ id: users.id }).from(users))).toEqual([{ id: ada }]);
});

test.each([true, false])("a statement used by Ada and then by Ben shows each the own row (I24), prepared: %s", async (prepare) => {
  const other = await createTestDatabase({ poolSize: 1, prepare });
  for (const id of [ada, ben]) await withUser(other.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
  for (const id of [ada, ben, ada, ben, ada, ben, ada, ben]) {
    const seen = await withUser(other.db, id, (tx) => tx.execute(sql`select id, ${"x"}::text as same from users where name = ${"x"}`));
    expect(seen).toEqual([{ id, same: "x" }]);
  }
  const slot = await other.db.app.pool.acquire();
  const prepared = await slot.driver.unsafe(
    "select count(*)::int as count from pg_prepared_statements where statement like '%same from users%'",
  );
  other.db.app.pool.release(slot);
  expect(prepared[0]?.["count"]).toBe(prepare ? 1 : 0);
  await other.close();
});

test("a compiled query runs in the transaction that it is given, and as its user", async () => {
  const named = compileQuery((db) =>
    db
      .select({ id: users.id })
      .from(users)
      .where(and(eq(users.id, sql.placeholder("userId")), eq(users.name, sql.placeholder("name")))),
  );
  for (const id of [ada, ben]) expect(await withUser(database.db, id, (tx) => named(tx, { name: "x" }))).toEqual([{ id }]);
  expect(await withUser(database.db, ada, (tx) => named(tx, { name: "y" }))).toEqual([]);
  const foreign = await withUser(database.db, ada, (tx) => named(Object.assign(tx, { userId: ben }), { name: "x" }));
  expect(foreign).toEqual([]);
});
