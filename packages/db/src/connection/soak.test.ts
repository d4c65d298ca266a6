import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asAppError } from "../errors.ts";
import { newId } from "../schema/base.ts";
import { conversations, users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { testEnvironment } from "../testing/env.ts";
import { savepoint, type UserTransaction, withUser } from "./access.ts";

const full = testEnvironment.scale === "full";
const clients = 24;
const budget = full
  ? { transactions: testEnvironment.soakTransactions, milliseconds: Number.POSITIVE_INFINITY }
  : { transactions: 100_000, milliseconds: 8_000 };
const hungAfterMs = 15_000;
const chance = (probability: number) => Math.random() < probability;

describe.skipIf(testEnvironment.engine === "embedded")("under killed backends, errors, deadlines and callers that go away", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase({ poolSize: 8, prepare: true });
  });
  afterAll(() => database.close());

  const found = { transactions: 0, failed: 0, rows: 0, foreign: 0, lost: 0, hung: 0, uncaught: 0, killed: 0 };

  /** Reads everything that is visible, which must be the user's three rows, also when the transaction is over long since. */
  async function look(tx: UserTransaction): Promise<void> {
    const rows = await tx.select({ userId: conversations.userId }).from(conversations);
    found.rows += rows.length;
    found.foreign += rows.filter((row) => row.userId !== tx.userId).length;
    if (rows.length < 3) found.lost++;
  }

  async function body(tx: UserTransaction): Promise<void> {
    await look(tx);
    if (chance(0.1)) await tx.execute(sql`select 1 / 0`);
    if (chance(0.1)) await savepoint(tx, () => tx.execute(sql`select 1 / 0`)).catch(() => {});
    if (chance(0.1)) await tx.insert(conversations).values({ userId: tx.userId, title: "undone" });
    if (chance(0.1)) await Promise.race([tx.execute(sql`select pg_sleep(0.01)`).execute(), Promise.reject(new Error("went away"))]);
    if (chance(0.05)) await tx.execute(sql`select pg_sleep(0.03)`);
    if (chance(0.05)) void look(tx).catch(() => {});
    await look(tx);
    // Code that swallows every error and goes on.
    if (chance(0.2)) for (let again = 0; again < 5; again++) await look(tx).catch(() => {});
    if (chance(0.9)) throw new Error("undo");
  }

  async function client(userId: string, until: number): Promise<void> {
    while (found.transactions < budget.transactions && performance.now() < until) {
      found.transactions++;
      const options = { readOnly: chance(0.5), ...(chance(0.2) ? { deadlineMs: 1 + Math.random() * 30 } : {}) };
      const transaction = withUser(database.db, userId, options.readOnly ? look : body, options).catch((error: unknown) => {
        asAppError(error);
        found.failed++;
      });
      const watchdog = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        found.hung++;
        watchdog.resolve();
      }, hungAfterMs);
      await Promise.race([transaction, watchdog.promise]);
      clearTimeout(timer);
    }
  }

  test("no user sees another's row, nothing hangs, nothing is uncaught", { timeout: full ? 7_200_000 : 60_000 }, async () => {
    const ids = Array.from({ length: clients }, newId);
    for (const id of ids) {
      await withUser(database.db, id, async (tx) => {
        await tx.insert(users).values({ id });
        await tx.insert(conversations).values([1, 2, 3].map((n) => ({ userId: id, title: `${n}` })));
      });
    }
    const uncaught = (error: unknown) => {
      found.uncaught++;
      console.error(error);
    };
    process.on("uncaughtException", uncaught).on("unhandledRejection", uncaught);
    const until = performance.now() + budget.milliseconds;
    const done = new AbortController();
    const killing = (async () => {
      while (!done.signal.aborted) {
        await database.asOwner((owner) => owner`select pg_sleep(0.02)`);
        const killed = await database.asOwner(
          (owner) => owner`
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and usename = 'mema_app' and random() < 0.15`,
        );
        found.killed += killed.length;
      }
    })();
    await Promise.all(ids.map((id) => client(id, until)));
    done.abort();
    await killing;
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", uncaught).off("unhandledRejection", uncaught);
    console.log(`soak: ${JSON.stringify(found)}`);
    expect(found).toMatchObject({ foreign: 0, lost: 0, hung: 0, uncaught: 0 });
    expect(found.killed).toBeGreaterThan(20);
    expect(found.rows).toBeGreaterThan(1_000);
    expect(database.db.app.pool.counts).toMatchObject({ busy: 0, waiting: 0 });
  });
});
