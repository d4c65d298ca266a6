import { sql } from "drizzle-orm";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { type UserTransaction, withUser } from "./access.ts";
import { createDbClient, type Db } from "./client.ts";

let database: TestDatabase;
const ids = Array.from({ length: 20 }, newId);
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1 });
  for (const id of ids) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
});
afterAll(() => database.close());

/** Runs 1,000 transactions at a time and counts those that saw anything but their user's own row. */
async function wrong(seen: (id: string) => Promise<(string | undefined)[]>): Promise<number> {
  const users = Array.from({ length: 1_000 }, () => ids[Math.floor(Math.random() * ids.length)] ?? "");
  const answers = await Promise.all(users.map(async (id) => ({ id, rows: await seen(id) })));
  return answers.filter(({ id, rows }) => rows.length === 0 || rows.some((row) => row !== id)).length;
}

const visible = sql`select id::text as id from users`;
const own = async (tx: UserTransaction) => (await tx.execute<{ id: string }>(visible)).map((row) => row.id);

function throughWithUser(db: Db) {
  let n = 0;
  return (id: string) => {
    const twice = n++ % 2 === 0;
    return withUser(
      db,
      id,
      async (tx) => {
        const rows = await own(tx);
        if (n % 7 === 0) await tx.execute(sql`select 1 / 0`).catch(() => {});
        else if (twice) rows.push(...(await own(tx)));
        return rows;
      },
      { readOnly: n % 3 !== 0 || n % 7 === 0 },
    ).catch((error: Error) => (error.message.includes("swallowed") ? [id] : Promise.reject(error)));
  };
}

test.each([
  [1, true],
  [2, false],
  [3, true],
  [4, false],
])("1,000 interleaved transactions over a pool of %i see the own row only (I26), prepared: %s", async (poolSize, prepare) => {
  const db = database.ownerUrl === null ? database.db : createDbClient(deriveRuntimeUrls(database.ownerUrl), { poolSize, prepare });
  try {
    expect(await wrong(throughWithUser(db))).toBe(0);
  } finally {
    if (db !== database.db) await db.close();
  }
});

test("negative control: a binding of the session is caught", async ({ skip }) => {
  skip(database.ownerUrl === null, "needs two connections");
  const client = postgres(deriveRuntimeUrls(database.ownerUrl ?? "").app, { max: 2 });
  const count = await wrong(async (id) => {
    await client`select set_config('app.user_id', ${id}, false)`;
    return (await client<{ id: string }[]>`select id::text as id from users`).map((row) => row.id);
  });
  await client.end();
  expect(count).toBeGreaterThan(0);
});
