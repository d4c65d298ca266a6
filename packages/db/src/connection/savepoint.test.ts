import { AppError } from "@mema/shared";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asAppError } from "../errors.ts";
import { newId } from "../schema/base.ts";
import { conversations, users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { savepoint, type UserTransaction, withUser } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const note = (tx: UserTransaction, title: string) => tx.insert(conversations).values({ userId: tx.userId, title });
const titles = async (tx: UserTransaction) => (await tx.select().from(conversations).orderBy(conversations.title)).map((row) => row.title);

/** Runs `body` as a new user and returns the titles that were saved; null when the transaction failed. */
async function saved(body: (tx: UserTransaction) => Promise<unknown>): Promise<(string | null)[] | AppError> {
  const id = newId();
  try {
    await withUser(database.db, id, async (tx) => {
      await tx.insert(users).values({ id });
      await body(tx);
    });
  } catch (error) {
    expect(await withUser(database.db, id, titles)).toEqual([]);
    return asAppError(error);
  }
  return withUser(database.db, id, titles, { readOnly: true });
}

const fails = async (tx: UserTransaction, title: string, then: () => Promise<unknown>) =>
  savepoint(tx, async () => {
    await note(tx, title);
    return then();
  }).catch((error: unknown) => error);

test("a failure inside undoes what was done inside and nothing else", async () => {
  const result = await saved(async (tx) => {
    await note(tx, "before");
    await fails(tx, "inside", () => Promise.reject(new Error("no")));
    await fails(tx, "inside", async () => tx.execute(sql`select 1 / 0`));
    await fails(tx, "inside", async () => [null, new Error("returned")]);
    await note(tx, "after");
  });
  expect(result).toEqual(["after", "before"]);
});

test("a success inside is kept", async () => {
  expect(await saved((tx) => savepoint(tx, () => note(tx, "inside")))).toEqual(["inside"]);
});

test("a savepoint without a query does nothing", async () => {
  expect(await saved((tx) => savepoint(tx, async () => {}))).toEqual([]);
});

test("savepoints nest", async () => {
  const result = await saved((tx) =>
    savepoint(tx, async () => {
      await note(tx, "outer");
      await fails(tx, "inner", () => Promise.reject(new Error("no")));
      await savepoint(tx, () => note(tx, "inner, again"));
    }),
  );
  expect(result).toEqual(["inner, again", "outer"]);
});

test("an SQL error that was swallowed inside is a failure of the savepoint", async () => {
  const errors: unknown[] = [];
  const result = await saved(async (tx) => {
    await note(tx, "before");
    errors.push(await fails(tx, "inside", () => tx.execute(sql`select 1 / 0`).catch(() => {})));
  });
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining("swallowed") })]);
  expect(result).toEqual(["before"]);
});

test("a query that was not awaited inside is a failure of the savepoint", async () => {
  const errors: unknown[] = [];
  const result = await saved(async (tx) => {
    errors.push(
      await fails(tx, "inside", async () => {
        void note(tx, "forgotten").execute();
      }),
    );
  });
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining("not awaited") })]);
  expect(result).toEqual([]);
});

test("what runs beside an open savepoint is refused: its failure would undo it too", async () => {
  const result = await saved(async (tx) => {
    await note(tx, "before");
    const settled = await Promise.allSettled([
      savepoint(tx, () => note(tx, "inside")),
      savepoint(tx, () => note(tx, "beside")),
      note(tx, "beside").execute(),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  });
  expect(result).toEqual(["before", "inside"]);
});

test("a connection that dies inside fails the whole transaction", async ({ skip }) => {
  skip(database.engine === "embedded", "nobody can end its one connection");
  const result = await saved(async (tx) => {
    await note(tx, "before");
    const [backend] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
    await fails(tx, "inside", () =>
      Promise.all([
        tx.execute(sql`select pg_sleep(20)`),
        database.asOwner((owner) => owner`select pg_terminate_backend(${backend?.pid ?? 0})`),
      ]),
    );
    await note(tx, "after");
  });
  expect(result).toMatchObject({ code: "UNAVAILABLE" });
});
