import { AppError } from "@mema/shared";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createConversationRepository } from "./conversations.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { messages, reminders } from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";
import { searchConfigs } from "./text-search.ts";

let database: TestDatabase;
let ada: string;
let ben: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  ada = await createTestUser(database.db, "Ada");
  ben = await createTestUser(database.db, "Ben");
});

const as = <T>(userId: string, body: (tx: UserTransaction) => Promise<T>) => withUser(database.db, userId, body);
const hits = (userId: string, query: string, config = "english") =>
  as(userId, (tx) =>
    tx
      .select({ content: messages.content })
      .from(messages)
      .where(sql`${messages.userId} = ${userId} and ${messages.search} @@ plainto_tsquery(${config}::regconfig, ${query})`),
  );

describe("storing", () => {
  test("keeps a message verbatim and finds it by a stem of the user's language", async () => {
    const content = "  Dima's climbing shoes 🧗\r\n\tare 張偉's  ";
    const { message, created } = await as(ada, (tx) => createMessageRepository(tx).store({ content }));
    expect(created).toBe(true);
    expect(message.content).toBe(content);
    expect(message).not.toHaveProperty("search");
    expect(await hits(ada, "climbs")).toEqual([{ content }]);
    expect(await hits(ben, "climbs")).toEqual([]);
    const ole = await createTestUser(database.db, "Ole", { locale: "de_AT" });
    await as(ole, (tx) => createMessageRepository(tx).store({ content: "Die Häuser am See" }));
    expect(await hits(ole, "Haus", "german")).toHaveLength(1);
    const ike = await createTestUser(database.db, "Ike", { locale: "tlh'; drop table users; --" });
    await as(ike, (tx) => createMessageRepository(tx).store({ content: "climbing" }));
    expect(await hits(ike, "climbs", "simple")).toEqual([]);
    expect(await hits(ike, "climbing", "simple")).toHaveLength(1);
  });

  test("every text search configuration of the map is one that the engine has", async () => {
    const there = await as(ada, (tx) => tx.execute<{ cfgname: string }>(sql`select cfgname from pg_ts_config`));
    expect(there.map((row) => row.cfgname)).toEqual(expect.arrayContaining(Object.values(searchConfigs)));
  });

  test("the same source and external id is stored once, however many send it at once", async () => {
    const send = () => as(ada, (tx) => createMessageRepository(tx).store({ content: "hi", source: "telegram", externalId: "7" }));
    const results = await Promise.all(Array.from({ length: 8 }, send));
    expect(results.filter((result) => result.created)).toHaveLength(1);
    expect(new Set(results.map((result) => result.message.id)).size).toBe(1);
    const other = await as(ben, (tx) => createMessageRepository(tx).store({ content: "mine", source: "telegram", externalId: "7" }));
    expect(other.created).toBe(true);
    const nameless = () => as(ada, (tx) => createMessageRepository(tx).store({ content: "no source", externalId: "7" }));
    expect((await nameless()).created).toBe(true);
    expect((await nameless()).created).toBe(false);
  });

  test("500 at once keep their order, store no retry twice and note the conversation's latest", async () => {
    await as(ada, async (tx) => {
      const repository = createMessageRepository(tx);
      const conversation = await createConversationRepository(tx).create({ title: "past" });
      const sentAt = new Date("2024-05-01T10:00:00Z");
      const batch = Array.from({ length: 500 }, (_, at) => ({
        content: `m${at}`,
        conversationId: conversation.id,
        source: "import",
        externalId: String(at % 499),
        sentAt,
      }));
      const stored = await repository.storeMany(batch);
      expect(stored.map(({ created }) => created)).toEqual(batch.map((_, at) => at < 499));
      expect(stored[499]?.message.id).toBe(stored[0]?.message.id);
      const again = await repository.storeMany(batch.toReversed());
      expect(again.every(({ created }) => !created)).toBe(true);
      const page = await repository.list({ conversationId: conversation.id, order: "oldest", limit: 200 });
      expect(page.items.map(({ content }) => content)).toEqual(batch.slice(0, 200).map(({ content }) => content));
      expect((await createConversationRepository(tx).getById(conversation.id)).lastMessageAt).toEqual(sentAt);
      await expect(repository.storeMany([...batch, ...batch])).rejects.toMatchObject({ code: "BAD_REQUEST", issues: [{ limit: 500 }] });
    });
  });

  test("another user's conversation takes no message", async () => {
    const theirs = await as(ada, (tx) => createConversationRepository(tx).create({}));
    await expect(as(ben, (tx) => createMessageRepository(tx).store({ content: "x", conversationId: theirs.id }))).rejects.toThrow();
    expect((await as(ada, (tx) => createMessageRepository(tx).list())).items).toEqual([]);
  });
});

const day = (number: number) => new Date(Date.UTC(2025, 0, number));

test("lists by time in both orders and by every filter", async () => {
  await as(ada, async (tx) => {
    const repository = createMessageRepository(tx);
    await repository.storeMany([
      { content: "a", sentAt: day(3), role: "user", source: "x", externalId: "1" },
      { content: "b", sentAt: day(1), role: "bot" },
      { content: "c", sentAt: day(2), role: "user" },
    ]);
    const contents = async (filters: Parameters<typeof repository.list>[0]) =>
      (await repository.list(filters)).items.map((row) => row.content).join("");
    expect(await contents({})).toBe("acb");
    expect(await contents({ order: "oldest" })).toBe("bca");
    expect(await contents({ role: "user" })).toBe("ac");
    expect(await contents({ source: "x" })).toBe("a");
    expect(await contents({ from: day(2), to: day(3) })).toBe("c");
  });
});

async function told(withFacts: boolean, whole: "message" | "conversation") {
  const before = await as(ada, async (tx) => {
    const conversation = await createConversationRepository(tx).create({});
    const { message } = await createMessageRepository(tx).store({ content: "Dima loves climbing.", conversationId: conversation.id });
    const fact = await createFactRepository(tx).create({
      content: "Dima loves climbing",
      sourceMessageId: message.id,
      sourceQuote: "loves climbing",
    });
    await createFactRepository(tx).recordUses([{ factId: fact.id, messageId: message.id, score: 1 }]);
    const [reminder] = await tx
      .insert(reminders)
      .values({
        userId: ada,
        title: "x",
        kind: "once",
        dtstartLocal: "2027-01-01T10:00:00",
        sourceMessageId: message.id,
        factId: fact.id,
      })
      .returning({ id: reminders.id });
    return { conversation, message, fact, reminder };
  });
  expect(before.fact).toMatchObject({ sourceStart: 5, sourceEnd: 19 });
  for (const attempt of [
    () => as(ben, (tx) => createMessageRepository(tx).delete(before.message.id, { withFacts })),
    () => as(ben, (tx) => createConversationRepository(tx).delete(before.conversation.id, { withFacts })),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ code: "NOT_FOUND" });
  }
  const deletion = await as(ada, (tx) =>
    whole === "message"
      ? createMessageRepository(tx).delete(before.message.id, { withFacts })
      : createConversationRepository(tx).delete(before.conversation.id, { withFacts }),
  );
  expect(deletion.messageIds).toEqual([before.message.id]);
  expect(await as(ada, (tx) => createMessageRepository(tx).findById(before.message.id))).toBeNull();
  const [reminder] = await as(ada, (tx) =>
    tx.select({ message: reminders.sourceMessageId, fact: reminders.factId }).from(reminders).where(eq(reminders.userId, ada)),
  );
  expect(reminder).toEqual({ message: null, fact: withFacts ? null : before.fact.id });
  const conversation = await as(ada, (tx) => createConversationRepository(tx).findById(before.conversation.id));
  if (whole === "message") expect(conversation?.lastMessageAt).toBeNull();
  else expect(conversation).toBeNull();
  return as(ada, (tx) => createFactRepository(tx).findById(before.fact.id));
}

describe("deleting", () => {
  test.each(["message", "conversation"] as const)("a %s: its facts stay and lose link and quote", async (whole) => {
    expect(await told(false, whole)).toMatchObject({
      content: "Dima loves climbing",
      sourceMessageId: null,
      sourceQuote: null,
      sourceStart: null,
      sourceEnd: null,
    });
  });

  test.each(["message", "conversation"] as const)("a %s with its facts: they go too", async (whole) => {
    expect(await told(true, whole)).toBeNull();
  });
});

test("a conversation's change names the version it was made for, and another user makes none", async () => {
  const { id } = await as(ada, (tx) => createConversationRepository(tx).create({ title: "a" }));
  await expect(as(ben, (tx) => createConversationRepository(tx).update(id, 1, { title: "b" }))).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  const change = () => as(ada, (tx) => createConversationRepository(tx).update(id, 1, { title: "c" }));
  const results = await Promise.allSettled([change(), change()]);
  expect(results.map((result) => result.status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const refused = results.find((result) => result.status === "rejected")?.reason;
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({ code: "CONFLICT" });
  expect((await as(ben, (tx) => createConversationRepository(tx).list())).items).toEqual([]);
});

test("the processing status is the user's own to set", async () => {
  const { message } = await as(ada, (tx) => createMessageRepository(tx).store({ content: "x" }));
  await expect(as(ben, (tx) => createMessageRepository(tx).setProcessingStatus(message.id, "failed"))).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  expect((await as(ada, (tx) => createMessageRepository(tx).setProcessingStatus(message.id, "processed"))).processingStatus).toBe(
    "processed",
  );
});
