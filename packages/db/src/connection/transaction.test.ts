import { AppError } from "@mema/shared";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { asAppError, sqlState } from "../errors.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { type UserTransaction, withSignIn, withUser, withWorker } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const name = (tx: UserTransaction, value: string) => tx.insert(users).values({ id: tx.userId, name: value });
const stored = (userId: string) => withUser(database.db, userId, (tx) => tx.select().from(users), { readOnly: true });
const failing = sql`select 1 / 0`;

async function newUser(): Promise<string> {
  const id = newId();
  await withUser(database.db, id, (tx) => name(tx, "before"));
  return id;
}

test("a transaction that may be lost does not wait for the disk, and the next one on its connection does", async () => {
  const setting = async (options = {}) =>
    (await withWorker(database.db, (tx) => tx.execute<{ at: string }>(sql`select current_setting('synchronous_commit') as at`), options))[0]
      ?.at;
  const usual = await setting();
  expect(await setting({ durable: false })).toBe("off");
  expect(await setting({ durable: false, oneStatement: true })).toBe("off");
  expect(await setting()).toBe(usual);
});

/** Fails the test when a promise of anybody is rejected and not handled while it runs. */
function refuseUnhandledRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  onTestFinished(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
}

/** Stores a row, runs `body` in the same transaction, and returns its error once it is certain that nothing was saved. */
async function failure(body: (tx: UserTransaction) => Promise<unknown>): Promise<Error> {
  const id = newId();
  const error = await withUser(database.db, id, async (tx) => {
    await name(tx, "x");
    return body(tx);
  }).then(
    () => new Error("the transaction succeeded"),
    (caught: Error) => caught,
  );
  expect(await stored(id)).toEqual([]);
  return error;
}

describe("nothing is saved", () => {
  test("when the body throws", async () => {
    expect((await failure(() => Promise.reject(new Error("no")))).message).toBe("no");
  });

  test.each([
    ["an Error", (error: Error) => error],
    ["a [data, error] tuple", (error: Error) => [null, error] as const],
  ])("when the body returns %s instead of throwing it", async (_, returned) => {
    expect((await failure(async () => returned(new AppError("NOT_FOUND", "gone")))).message).toBe("gone");
  });

  test("when an SQL error was swallowed, and the caller learns it", async () => {
    const error = await failure((tx) => tx.execute(failing).catch(() => {}));
    expect(error.message).toContain("error was swallowed; nothing was saved");
  });

  test.each([
    ["succeed", sql`select pg_sleep(0.05)`],
    ["fail", failing],
  ])("when a query that would %s was started and not awaited", async (_, query) => {
    refuseUnhandledRejections();
    const error = await failure(async (tx) => {
      void tx.execute(query).execute();
    });
    expect(error.message).toContain("1 of the transaction's queries were not awaited");
  });

  test("when a query that nobody awaited failed while another one ran", async () => {
    refuseUnhandledRejections();
    const error = await failure(async (tx) => {
      void tx.execute(failing).execute();
      await tx.execute(sql`select 1`);
    });
    expect(sqlState(error)).toBe("25P02");
  });

  test("when the body throws while its queries are still running", async () => {
    refuseUnhandledRejections();
    const error = await failure((tx) =>
      Promise.race([tx.execute(sql`select pg_sleep(0.05)`).execute(), Promise.reject(new Error("the caller went away"))]),
    );
    expect(error.message).toBe("the caller went away");
  });

  test.each(["commit", "  COMMIT AND CHAIN", "rollback", "end", "begin", "select 1; commit", "/* x */ -- y\n commit"])(
    "when a statement tries to end the transaction: %j",
    async (text) => {
      const error = await failure((tx) => tx.execute(sql.raw(text)));
      expect(error.message).not.toContain("succeeded");
    },
  );

  test("by a read-only transaction", async () => {
    const id = newId();
    const error = await withUser(database.db, id, (tx) => name(tx, "x"), { readOnly: true }).catch((caught: unknown) => caught);
    expect(sqlState(error)).toBe("25006");
    expect(await stored(id)).toEqual([]);
  });

  test("by a query that is built and neither awaited nor executed: Drizzle never sends it (the linter reports it)", async () => {
    const id = newId();
    await withUser(database.db, id, async (tx) => {
      void name(tx, "x");
    });
    expect(await stored(id)).toEqual([]);
  });
});

describe("a transaction inside another one fails at once", () => {
  const nested = [
    ["withUser", () => withUser(database.db, newId(), async () => {})],
    ["withWorker", () => withWorker(database.db, async () => {})],
    ["withSignIn", () => withSignIn(database.db, async () => {})],
  ] as const;
  test.each(nested)("%s", async (_, inner) => {
    await expect(withUser(database.db, newId(), inner)).rejects.toThrow("A transaction is open already");
  });

  test("on a pool of one too, while parallel ones and one after the other of the same request do not", async () => {
    const one = await createTestDatabase({ poolSize: 1 });
    onTestFinished(() => one.close());
    const ids = [newId(), newId(), newId()];
    const bound = (id: string) =>
      withUser(one.db, id, async (tx) => (await tx.execute(sql`select current_setting('app.user_id') as id`))[0]?.["id"]);
    expect(await Promise.all(ids.map(bound))).toEqual(ids);
    const inner = withUser(one.db, newId(), async () => bound(newId()));
    await expect(inner).rejects.toThrow("A transaction is open already");
    expect(await bound(newId())).toBeDefined();
  });
});

describe("a transaction that is over", () => {
  test("runs no more queries", async () => {
    const id = await newUser();
    let kept: UserTransaction | undefined;
    await withUser(database.db, id, async (tx) => {
      kept = tx;
      await tx.execute(sql`select 1`);
    });
    const error = await kept
      ?.select()
      .from(users)
      .execute()
      .catch((caught: unknown) => caught);
    expect(asAppError(error)).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("has ended") });
  });

  test("lets its code open the next one", async () => {
    const id = await newUser();
    const later = await withUser(database.db, id, async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      return { resolve, next: promise.then(() => stored(id)) };
    });
    later.resolve();
    expect(await later.next).toHaveLength(1);
  });
});

describe("a transaction of one statement", () => {
  const one = { oneStatement: true };

  test("is saved", async () => {
    const id = newId();
    const rows = await withUser(database.db, id, (tx) => name(tx, "x").returning(), one);
    expect(rows).toMatchObject([{ name: "x" }]);
    expect(await stored(id)).toHaveLength(1);
  });

  test("fails as its statement does", async () => {
    const id = await newUser();
    const error = await withUser(database.db, id, (tx) => name(tx, "again"), one).catch((caught: unknown) => caught);
    expect(asAppError(error).code).toBe("CONFLICT");
    expect(await stored(id)).toMatchObject([{ name: "before" }]);
  });

  test("throws when the statement's error was swallowed", async () => {
    const id = await newUser();
    await expect(withUser<unknown>(database.db, id, (tx) => name(tx, "again").catch(() => {}), one)).rejects.toThrow("swallowed");
  });
});

test("queries that are sent without waiting for each other run in their order", async () => {
  const id = newId();
  const answers = await withUser(database.db, id, (tx) =>
    Promise.all([
      name(tx, "first").execute(),
      tx.update(users).set({ name: "second" }).where(eq(users.id, id)).returning({ name: users.name }).execute(),
      tx.select({ name: users.name }).from(users).execute(),
    ]),
  );
  expect(answers.slice(1)).toEqual([[{ name: "second" }], [{ name: "second" }]]);
});

test("relational queries see the user's rows", async () => {
  const id = await newUser();
  expect(await withUser(database.db, id, (tx) => tx.query.users.findMany({ columns: { name: true } }))).toEqual([{ name: "before" }]);
});

test("arrays travel both ways", async () => {
  const texts = ["a", 'b"c', "d,e", "f\\g", "{h}", "", "NULL", "i\nj"];
  const body = (tx: UserTransaction) =>
    tx.execute(sql`select ${sql.param(texts)}::text[] as texts, ${sql.param([1, 2])}::int[] as numbers, array[[true, null]] as flags`);
  expect(await withUser(database.db, newId(), body)).toEqual([{ texts, numbers: [1, 2], flags: [[true, null]] }]);
});
