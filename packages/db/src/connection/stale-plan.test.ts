import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "../schema/base.ts";
import { conversations, users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { withUser } from "./access.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1, prepare: true });
});
afterAll(() => database.close());

/** Gives a column another type, as a migration under a running server would: prepared statements with it cannot be used any more. */
const migrate = (type: string) => database.asOwner((owner) => owner.unsafe(`alter table conversations alter column title type ${type}`));

test.each([
  ["reads", { readOnly: true, oneStatement: true }, "varchar(500)"],
  ["reads in a longer transaction", { readOnly: true }, "text"],
  ["saves", { oneStatement: true }, "varchar(400)"],
  ["saves in a longer transaction", {}, "text"],
] as const)(
  "a migration under a prepared statement that %s is an error to try again after, never an answer without the user's rows",
  async (_, options, type) => {
    const userId = newId();
    await withUser(database.db, userId, async (tx) => {
      await tx.insert(users).values({ id: userId });
      await tx.insert(conversations).values({ userId, title: "before" });
    });
    const call = (title: string) =>
      withUser(
        database.db,
        userId,
        (tx) =>
          "readOnly" in options
            ? tx
                .select({ title: conversations.title })
                .from(conversations)
                .where(sql`${conversations.title} <> ${title}`)
            : tx.update(conversations).set({ title }).where(eq(conversations.userId, userId)).returning({ title: conversations.title }),
        options,
      );
    await call("first");
    await migrate(type);
    const answer = await call("second").catch((error: unknown) => error);
    if (answer instanceof Error) expect(answer).toMatchObject({ code: "UNAVAILABLE" });
    else expect(answer).toHaveLength(1);
    expect(await call("third")).toHaveLength(1);
  },
);
