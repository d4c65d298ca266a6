import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createConversationRepository } from "./conversations.repository.ts";
import { createEntityRepository } from "./entities.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { createRecallRepository } from "./recall.repository.ts";
import { newId } from "./schema/base.ts";
import { recallDocuments, recallNames, recallPostings, recallStatistics, recallTerms } from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createUserRepository } from "./users.repository.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

/** Runs `body` as a new user, in one transaction. */
async function asNewUser<T>(body: (tx: UserTransaction) => Promise<T>, locale?: string): Promise<T> {
  return withUser(database.db, newId(), async (tx) => {
    await createUserRepository(tx).create({ locale });
    return body(tx);
  });
}

const find = async (tx: UserTransaction, query: string) =>
  (await createRecallRepository(tx).search({ query, limit: 10, now: new Date("2026-11-21T12:00:00Z") })).map(({ text }) => text);

test("a message is found in the transaction that stores it, and once however often it is sent", async () => {
  await asNewUser(async (tx) => {
    const messages = createMessageRepository(tx);
    await messages.store({ content: "The plumber comes on Friday", externalId: "1" });
    await messages.store({ content: "The plumber comes on Friday", externalId: "1" });
    expect(await find(tx, "plumbers")).toEqual(["The plumber comes on Friday"]);
  });
});

test("500 messages stored at once are found", async () => {
  await asNewUser(async (tx) => {
    await createMessageRepository(tx).storeMany(Array.from({ length: 500 }, (_, index) => ({ content: `note number${index} about tea` })));
    expect(await find(tx, "number321")).toEqual(["note number321 about tea"]);
    expect(await tx.select().from(recallStatistics)).toMatchObject([{ documentCount: 500, totalLength: 1_500 }]);
  });
});

test("a corrected fact is found by its new words and no longer by its old ones, a retracted one not at all", async () => {
  await asNewUser(async (tx) => {
    const facts = createFactRepository(tx);
    const fact = await facts.create({ content: "Dima lives in Vienna" });
    const { fact: next } = await facts.update(fact.id, fact.version, { content: "Dima lives in Graz" });
    expect(await find(tx, "Vienna")).toEqual([]);
    expect(await find(tx, "Graz")).toEqual(["Dima lives in Graz"]);
    await facts.retract(next.id, next.version);
    expect(await find(tx, "Dima")).toEqual([]);
  });
});

test("deleting a conversation, a message or a fact forgets its words", async () => {
  await asNewUser(async (tx) => {
    const conversation = await createConversationRepository(tx).create({});
    const messages = createMessageRepository(tx);
    await messages.store({ content: "secret xylophone", conversationId: conversation.id });
    const { message } = await messages.store({ content: "hidden harpsichord" });
    const fact = await createFactRepository(tx).create({ content: "plays the bassoon" });
    await createConversationRepository(tx).delete(conversation.id);
    await messages.delete(message.id);
    await createFactRepository(tx).delete(fact.id);
    for (const table of [recallDocuments, recallPostings, recallTerms]) {
      expect(await tx.$count(table, eq(table.userId, tx.userId))).toBe(0);
    }
    expect(await tx.select().from(recallStatistics)).toMatchObject([{ documentCount: 0, totalLength: 0 }]);
  });
});

test("deleting a user deletes the index", async () => {
  const ada = await asNewUser(async (tx) => {
    await createMessageRepository(tx).storeMany([{ content: "tea" }, { content: "more tea" }]);
    return tx.userId;
  });
  await withUser(database.db, ada, (tx) => createUserRepository(tx).delete());
  await withUser(database.db, ada, async (tx) => {
    for (const table of [recallDocuments, recallPostings, recallTerms, recallStatistics]) expect(await tx.$count(table)).toBe(0);
  });
});

test("a change of language finds old messages by the new language's forms", async () => {
  await asNewUser(async (tx) => {
    await createMessageRepository(tx).store({ content: "Alte Häuser" });
    const user = await createUserRepository(tx).get();
    await createUserRepository(tx).update(user.version, { locale: "de-AT" });
    expect(await find(tx, "Haus")).toEqual(["Alte Häuser"]);
  });
});

test("an entity's names are looked up in their present form", async () => {
  await asNewUser(async (tx) => {
    const entities = createEntityRepository(tx);
    const dima = await entities.create({ canonicalName: "Dima Petrov", aliases: ["Mitya"] });
    const names = async () => (await tx.select({ term: recallNames.term }).from(recallNames)).map(({ term }) => term).toSorted();
    expect(await names()).toEqual(["dima", "mitya", "petrov"]);
    await entities.update(dima.id, dima.version, { aliases: [] });
    expect(await names()).toEqual(["dima", "petrov"]);
    await entities.delete(dima.id);
    expect(await names()).toEqual([]);
  });
});
