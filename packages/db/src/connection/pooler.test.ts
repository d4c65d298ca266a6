import { sql } from "drizzle-orm";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { testEnvironment } from "../testing/env.ts";
import { hasPgBouncer, type Pooler, startPooler } from "../testing/pooler.ts";
import { withUser } from "./access.ts";
import { createDbClient, type Db } from "./client.ts";

const transactions = 1_000;
const ids = Array.from({ length: 20 }, newId);
const visible = sql`select id::text as id from users`;

/** Runs transactions of many users at once and counts those that saw anything but their user's own row. */
async function wrong(seen: (id: string, turn: number) => Promise<(string | undefined)[]>): Promise<number> {
  const turns = Array.from({ length: transactions }, (_, turn) => ({ turn, id: ids[(turn * 7) % ids.length] ?? "" }));
  const answers = await Promise.all(turns.map(async ({ id, turn }) => ({ id, rows: await seen(id, turn) })));
  return answers.filter(({ id, rows }) => rows.length === 0 || rows.some((row) => row !== id)).length;
}

const throughWithUser = (db: Db) => (id: string, turn: number) =>
  withUser(
    db,
    id,
    async (tx) => {
      const rows = [...(await tx.execute<{ id: string }>(visible))];
      if (turn % 2 === 0) rows.push(...(await tx.execute<{ id: string }>(visible)));
      if (turn % 5 === 0) await tx.execute(sql`update users set name = 'y'`);
      if (turn % 11 === 0) throw Object.assign(new Error("undo"), { rows });
      return rows.map((row) => row.id);
    },
    { readOnly: turn % 5 !== 0 },
  ).catch((error: Error & { rows?: { id: string }[] }) => {
    if (error.rows === undefined) throw error;
    return error.rows.map((row) => row.id);
  });

test.runIf(testEnvironment.ci && testEnvironment.engine === "postgres")("CI has PgBouncer", () => {
  expect(hasPgBouncer()).toBe(true);
});

describe.skipIf(testEnvironment.engine === "embedded" || !hasPgBouncer()).for([1, 2, 3, 4])(
  "through PgBouncer in transaction mode with %i server connections",
  (poolSize) => {
    let database: TestDatabase;
    let pooler: Pooler;
    beforeAll(async () => {
      database = await createTestDatabase();
      for (const id of ids) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
      pooler = await startPooler(database.ownerUrl ?? "", poolSize);
    });
    afterAll(async () => {
      await pooler.stop();
      await database.close();
    });

    test("I26: 1,000 interleaved transactions of 20 users see the own row only", async () => {
      const urls = { app: pooler.appUrl, worker: pooler.appUrl, auth: pooler.appUrl };
      const db = createDbClient(urls, { poolSize: 12, prepare: false, listenUrl: null, acquireTimeoutMs: 60_000 });
      try {
        expect(await wrong(throughWithUser(db))).toBe(0);
      } finally {
        await db.close();
      }
    });

    test("negative control: a binding of the session leaks, and is caught", async () => {
      const client = postgres(pooler.appUrl, { max: 12, prepare: false, fetch_types: false });
      const count = await wrong(async (id) => {
        await client`select set_config('app.user_id', ${id}, false)`;
        return (await client<{ id: string }[]>`select id::text as id from users`).map((row) => row.id);
      });
      await client.end();
      expect(count).toBeGreaterThan(0);
    });
  },
);
