import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { asAppError } from "../errors.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { newId } from "../schema/base.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { withUser } from "./access.ts";
import { createDbClient } from "./client.ts";
import { SlotPool } from "./slot-pool.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1, acquireTimeoutMs: 50 });
});
afterAll(() => database.close());

const caught = (promise: Promise<unknown>) => promise.then(() => null, asAppError);

/** A transaction that stays open until it is told to end. */
function held() {
  const opened = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const ended = withUser(database.db, newId(), async (tx) => {
    await tx.execute(sql`select 1`);
    opened.resolve();
    await end.promise;
  });
  return { opened: opened.promise, end: end.resolve, ended };
}

test("who waits longer than the limit is told that all connections are busy, and leaves the queue", async () => {
  const first = held();
  await first.opened;
  const error = await caught(withUser(database.db, newId(), async () => {}));
  expect(error).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("busy"), retryAfterSeconds: 1 });
  expect(database.db.app.pool.counts).toEqual({ idle: 0, busy: 1, waiting: 0 });
  first.end();
  await first.ended;
});

test("connections are given out in the order in which they were asked for", async () => {
  const first = held();
  await first.opened;
  const order: number[] = [];
  const waiting = [1, 2, 3, 4, 5].map((n) => withUser(database.db, newId(), async () => void order.push(n)));
  first.end();
  await Promise.all([...waiting, first.ended]);
  expect(order).toEqual([1, 2, 3, 4, 5]);
});

test("a slot that is given back twice is given out once", async () => {
  const { pool } = database.db.app;
  const slot = await pool.acquire();
  pool.release(slot);
  pool.release(slot);
  expect(pool.counts).toEqual({ idle: 1, busy: 0, waiting: 0 });
});

test("close waits for open transactions and refuses those that wait or come later", async () => {
  const own = await createTestDatabase({ poolSize: 1 });
  const open = Promise.withResolvers<void>();
  const first = withUser(own.db, newId(), async (tx) => {
    await open.promise;
    return tx.execute(sql`select 7 as seven`);
  });
  const waiting = caught(withUser(own.db, newId(), async () => {}));
  const closed = own.close();
  expect(await waiting).toMatchObject({ code: "UNAVAILABLE", message: "The database is closed." });
  expect(await caught(withUser(own.db, newId(), async () => {}))).toMatchObject({ code: "UNAVAILABLE" });
  open.resolve();
  expect(await first).toEqual([{ seven: 7 }]);
  await closed;
});

test("close ends a transaction that does not end by itself", async () => {
  const own = await createTestDatabase({ poolSize: 1 });
  const endless = caught(withUser(own.db, newId(), () => new Promise(() => {})));
  await own.db.app.pool.close(20);
  expect(await endless).toMatchObject({ code: "UNAVAILABLE", message: "The database is closed." });
  await own.close();
});

test("a connection that nobody uses is dropped", async ({ skip }) => {
  skip(database.ownerUrl === null, "the embedded engine keeps its one connection");
  const { app: url } = deriveRuntimeUrls(database.ownerUrl ?? "");
  const pool = new SlotPool({ url, max: 2, idleTimeoutMs: 20, acquireTimeoutMs: 1_000, connectTimeoutMs: 5_000 });
  onTestFinished(() => pool.close());
  const slot = await pool.acquire();
  await slot.driver.unsafe("select 1");
  pool.release(slot);
  await expect.poll(() => pool.counts).toEqual({ idle: 0, busy: 0, waiting: 0 });
  expect(slot.dead).toBe(true);
});

test("a process that closes its client ends by itself", async ({ skip }) => {
  skip(database.ownerUrl === null, "the embedded engine's own tests show it");
  const source = fileURLToPath(new URL("../index.ts", import.meta.url));
  const program = `
    const { createDbClient, withUser } = await import(${JSON.stringify(source)});
    const db = createDbClient(process.argv[1]);
    await withUser(db, ${JSON.stringify(newId())}, (tx) => tx.execute("select 1"), { readOnly: true });
    await db.close();`;
  const { app } = deriveRuntimeUrls(database.ownerUrl ?? "");
  const ended = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, app], { timeout: 20_000 });
  await expect(ended).resolves.toBeDefined();
});

test("a client that never ran anything closes at once", async () => {
  const db = createDbClient("postgres://nobody@127.0.0.1:1/nothing");
  await expect(db.close()).resolves.toBeUndefined();
});
