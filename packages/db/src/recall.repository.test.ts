import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createRecallIndex } from "./recall-index.repository.ts";
import { createRecallRepository, type RecallSearch } from "./recall.repository.ts";
import { newId } from "./schema/base.ts";
import {
  conversations,
  entities,
  factEntities,
  facts,
  messages,
  recallDocuments,
  recallPostings,
  recallStatistics,
  recallTerms,
  users,
} from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const now = new Date("2026-11-21T12:00:00Z");

interface Said {
  text: string;
  author?: string;
  at?: string;
  conversationId?: string;
}

async function createUser(locale?: string): Promise<string> {
  const id = newId();
  await withUser(database.db, id, (tx) => tx.insert(users).values({ id, locale }));
  return id;
}

async function say(tx: UserTransaction, said: readonly (Said | string)[]): Promise<string[]> {
  const rows = said.map((one) => {
    const { text, author, at, conversationId } =
      typeof one === "string" ? { text: one, author: undefined, at: undefined, conversationId: undefined } : one;
    return { userId: tx.userId, id: newId(), content: text, author, sentAt: new Date(at ?? "2026-01-05T10:00:00Z"), conversationId };
  });
  await tx.insert(messages).values(rows);
  await createRecallIndex(tx).addMany(
    "message",
    rows.map(({ id, content, author, sentAt, conversationId }) => ({ id, text: content, author, at: sentAt, conversationId })),
  );
  return rows.map(({ id }) => id);
}

const saidBy = (userId: string, ...said: (Said | string)[]) => withUser(database.db, userId, (tx) => say(tx, said));

const search = (userId: string, query: string, more: Partial<RecallSearch> = {}) =>
  withUser(database.db, userId, (tx) => createRecallRepository(tx).search({ query, limit: 10, now, ...more }), { readOnly: true });

const texts = async (userId: string, query: string, more: Partial<RecallSearch> = {}) =>
  (await search(userId, query, more)).map(({ text }) => text);

describe("what is found", () => {
  test("finds a message by some of the question's words, in other forms", async () => {
    const ada = await createUser();
    await saidBy(ada, "I went camping with the kids last summer", "The dentist is on Monday");
    expect(await texts(ada, "When did she camp in the mountains?")).toEqual(["I went camping with the kids last summer"]);
  });

  test("prefers a document with rarer and with more of the words", async () => {
    const ada = await createUser();
    await saidBy(ada, "The garden needs water", "The garden has roses", "The garden gate creaks", "Roses like coffee grounds");
    expect((await texts(ada, "roses in the garden"))[0]).toBe("The garden has roses");
  });

  test("folds case, accents and typographic apostrophes", async () => {
    const ada = await createUser();
    await saidBy(ada, "We met at the CAFÉ Müller", "Zoë’s birthday cake");
    expect(await texts(ada, "cafe muller")).toEqual(["We met at the CAFÉ Müller"]);
    expect(await texts(ada, "zoe")).toEqual(["Zoë’s birthday cake"]);
  });

  test.each([
    ["我喜欢在周末去攀岩", "他今天买了一本书", "周末攀岩"],
    ["週末は友達と東京タワーに行きました", "猫が二匹います", "東京タワー"],
    ["ฉันชอบปีนเขาในวันหยุด", "แมวของฉันชื่อมะลิ", "ปีนเขา"],
    ["주말에 등산을 갔어요", "고양이가 두 마리 있어요", "등산"],
  ])("finds text in a script without spaces: %s", async (wanted, other, query) => {
    const ada = await createUser();
    await saidBy(ada, wanted, other);
    expect(await texts(ada, query)).toEqual([wanted]);
  });

  test("stems German and Russian, whatever the user's locale", async () => {
    const ada = await createUser();
    await saidBy(ada, "Ich habe die alten Häuser in Wien nicht gesehen", "Мы читали книги о путешествиях");
    expect(await texts(ada, "Wo ist das alte Haus?")).toEqual(["Ich habe die alten Häuser in Wien nicht gesehen"]);
    expect(await texts(ada, "книга")).toEqual(["Мы читали книги о путешествиях"]);
  });

  test("finds a message whose neighbour has the words", async () => {
    const ada = await createUser();
    const conversationId = newId();
    await withUser(database.db, ada, async (tx) => {
      await tx.insert(conversations).values({ userId: ada, id: conversationId });
      await say(tx, [
        { text: "What did you paint for the exhibition?", conversationId, at: "2026-01-05T10:00:00Z" },
        { text: "A lighthouse at dusk", conversationId, at: "2026-01-05T10:01:00Z" },
        { text: "Nothing to do with it", at: "2026-01-05T10:02:00Z" },
      ]);
    });
    expect(await texts(ada, "paint exhibition")).toEqual(["What did you paint for the exhibition?", "A lighthouse at dusk"]);
  });

  test("prefers what the named person said", async () => {
    const ada = await createUser();
    await saidBy(ada, { text: "Dima, tell me about climbing", author: "Vera" }, { text: "I love climbing", author: "Dima" });
    expect((await texts(ada, "What does Dima say about climbing?"))[0]).toBe("I love climbing");
  });

  test("finds messages and facts in one ranking, and outdated facts never", async () => {
    const ada = await createUser();
    await withUser(database.db, ada, async (tx) => {
      await say(tx, ["Dima told me that climbing is fun"]);
      const index = createRecallIndex(tx);
      for (const outdated of [false, true]) {
        const id = newId();
        const content = outdated ? "Dima hates climbing" : "Dima loves climbing";
        await tx.insert(facts).values({
          userId: ada,
          id,
          content,
          ...(outdated ? { status: "outdated", outdatedReason: "superseded", supersededAt: new Date("2026-03-01T00:00:00Z") } : {}),
          recordedAt: new Date("2026-02-01T00:00:00Z"),
        });
        await index.add("fact", id, { text: content, at: new Date("2026-02-01T00:00:00Z"), outdated });
      }
    });
    expect((await texts(ada, "climbing")).toSorted()).toEqual(["Dima loves climbing", "Dima told me that climbing is fun"]);
    expect(await texts(ada, "climbing", { kinds: ["fact"] })).toEqual(["Dima loves climbing"]);
    expect(await texts(ada, "climbing", { kinds: ["fact"], asOf: new Date("2026-02-15T00:00:00Z") })).toHaveLength(2);
    expect(await texts(ada, "climbing", { kinds: ["fact"], asOf: new Date("2026-01-15T00:00:00Z") })).toEqual([]);
  });

  test("limits results to a conversation and a span of time", async () => {
    const ada = await createUser();
    const conversationId = newId();
    await withUser(database.db, ada, async (tx) => {
      await tx.insert(conversations).values({ userId: ada, id: conversationId });
      await say(tx, [
        { text: "Tea in January", at: "2026-01-10T00:00:00Z", conversationId },
        { text: "Tea in February", at: "2026-02-10T00:00:00Z" },
      ]);
    });
    expect(await texts(ada, "tea", { conversationId })).toEqual(["Tea in January"]);
    expect(await texts(ada, "tea", { from: new Date("2026-02-01T00:00:00Z") })).toEqual(["Tea in February"]);
    expect(await texts(ada, "tea", { to: new Date("2026-02-01T00:00:00Z") })).toEqual(["Tea in January"]);
  });

  test("takes an unknown word for the likeliest known one, and only an unknown one", async () => {
    const ada = await createUser();
    await saidBy(ada, "She loves climbing", "Dinner at the restaurant", "The march was long", "We watched a match");
    expect(await texts(ada, "my climber friend")).toEqual(["She loves climbing"]);
    expect(await texts(ada, "resturant")).toEqual(["Dinner at the restaurant"]);
    expect(await texts(ada, "march")).toEqual(["The march was long"]);
    expect(await texts(ada, "zzzzzz")).toEqual([]);
  });

  test("finds a single character of a script without spaces anywhere", async () => {
    const ada = await createUser();
    await saidBy(ada, "他养了一只猫", "猫很可爱", "他养了一条狗");
    expect((await texts(ada, "猫")).toSorted()).toEqual(["他养了一只猫", "猫很可爱"].toSorted());
  });

  test("finds by any of an entity's names, and what is about it without naming it", async () => {
    const ada = await createUser();
    await withUser(database.db, ada, async (tx) => {
      const [dima] = await tx
        .insert(entities)
        .values({ userId: ada, canonicalName: "Dima", aliases: ["Mitya"] })
        .returning();
      const index = createRecallIndex(tx);
      await index.setNames(dima?.id ?? "", ["Dima", "Mitya"]);
      const [fact] = await tx.insert(facts).values({ userId: ada, content: "Allergic to nuts" }).returning();
      await index.add("fact", fact?.id ?? "", { text: "Allergic to nuts", at: now });
      await tx.insert(factEntities).values({ userId: ada, factId: fact?.id ?? "", entityId: dima?.id ?? "" });
      await say(tx, ["Dima moved to Graz", "Vera moved to Linz"]);
    });
    expect((await texts(ada, "What about Mitya?")).toSorted()).toEqual(["Allergic to nuts", "Dima moved to Graz"]);
    expect(await texts(ada, "Is Mitya allergic?")).toEqual(["Allergic to nuts", "Dima moved to Graz"]);
  });

  test("prefers what is of the time that the question names", async () => {
    const ada = await createUser();
    await saidBy(
      ada,
      { text: "Camping was wonderful", at: "2025-06-20T10:00:00Z" },
      { text: "Camping was wonderful, really", at: "2026-11-12T10:00:00Z" },
    );
    expect((await texts(ada, "When did we go camping in June?"))[0]).toBe("Camping was wonderful");
    expect((await texts(ada, "Did we go camping last week?"))[0]).toBe("Camping was wonderful, really");
  });

  test("gives every score as the sum of its contributions", async () => {
    const ada = await createUser();
    await saidBy(ada, { text: "I love climbing rocks", author: "Dima" }, "Climbing gear is expensive");
    for (const { score, contributions } of await search(ada, "Does Dima love climbing?")) {
      expect(contributions.reduce((sum, part) => sum + part.score, 0)).toBe(score);
    }
  });
});

const leftOf = (userId: string) =>
  withUser(database.db, userId, async (tx) => ({
    documents: await tx.$count(recallDocuments, eq(recallDocuments.userId, userId)),
    postings: await tx.$count(recallPostings, eq(recallPostings.userId, userId)),
    terms: (await tx.select({ term: recallTerms.term }).from(recallTerms).where(eq(recallTerms.userId, userId))).map(({ term }) => term),
  }));

describe("forgetting", () => {
  test("a deleted message leaves nothing in the index, not even its words in the statistics", async () => {
    const ada = await createUser();
    const [, secret] = await saidBy(ada, "tea at noon", "xylophone secret");
    await withUser(database.db, ada, (tx) => tx.delete(messages).where(eq(messages.id, secret ?? "")));
    expect(await search(ada, "xylophone")).toEqual([]);
    expect((await leftOf(ada)).terms.toSorted()).toEqual(["noon", "tea"]);
  });

  test("a deleted conversation takes the index of its messages along", async () => {
    const ada = await createUser();
    const conversationId = newId();
    await withUser(database.db, ada, async (tx) => {
      await tx.insert(conversations).values({ userId: ada, id: conversationId });
      await say(tx, [
        { text: "tea at noon", conversationId },
        { text: "more tea", conversationId },
      ]);
      await tx.delete(conversations).where(eq(conversations.id, conversationId));
    });
    expect(await leftOf(ada)).toEqual({ documents: 0, postings: 0, terms: [] });
    const statistics = await withUser(database.db, ada, (tx) => tx.select().from(recallStatistics));
    expect(statistics).toMatchObject([{ documentCount: 0, totalLength: 0 }]);
  });

  test("a deleted user leaves no row", async () => {
    const ada = await createUser();
    await saidBy(ada, "tea at noon");
    await withUser(database.db, ada, (tx) => tx.delete(users).where(eq(users.id, ada)));
    const left = await database.asOwner((owner) => owner`select user_id from recall_statistics where user_id = ${ada}`);
    expect(left).toHaveLength(0);
    expect(await leftOf(ada)).toEqual({ documents: 0, postings: 0, terms: [] });
  });

  test("removing and indexing again replaces what was there", async () => {
    const ada = await createUser();
    const [id] = await saidBy(ada, "tea at noon");
    await withUser(database.db, ada, async (tx) => {
      const index = createRecallIndex(tx);
      await index.remove("message", [id ?? ""]);
      await index.add("message", id ?? "", { text: "coffee", at: now });
    });
    expect(await search(ada, "tea")).toEqual([]);
    expect(await search(ada, "coffee")).toHaveLength(1);
    expect((await leftOf(ada)).terms).toEqual(["coffe"]);
  });
});

test("another user's documents change neither results nor scores", async () => {
  const [ada, ben] = [await createUser(), await createUser()];
  await saidBy(ada, "Dima loves climbing", "Vera loves tea", { text: "climbing on Sunday", author: "Dima" });
  const before = JSON.stringify(await search(ada, "What does Dima climb?"));
  await saidBy(ben, ...Array.from({ length: 50 }, (_, index) => `Dima climbing climbing ${index}`));
  expect(JSON.stringify(await search(ada, "What does Dima climb?"))).toBe(before);
});

describe("hostile queries", () => {
  test("refuses a query of more than 4,000 characters, naming field and limit", async () => {
    const ada = await createUser();
    await expect(search(ada, "a ".repeat(50_000))).rejects.toMatchObject({
      code: "BAD_REQUEST",
      issues: [{ path: ["query"], limit: 4_000 }],
    });
  });

  test.each([
    ["stop words", "what is the and of to"],
    ["operators", "& | ! <-> :* () -- ' \" \\ % _ ; drop table messages"],
    ["emoji", "🧗‍♀️🧗‍♀️🎉"],
    ["NUL", "tea\u0000noon"],
    ["half of a surrogate pair", "tea \ud83d noon"],
    ["mixed scripts", "чай茶tea شاي ชา 차 τσάι"],
    ["one endless word", "x".repeat(4_000)],
    [
      "4,000 characters of different words",
      Array.from({ length: 800 }, (_, index) => `w${index}`)
        .join(" ")
        .slice(0, 4_000),
    ],
    ["white space", " \t\n "],
    ["nothing", ""],
  ])("answers %s", async (_, query) => {
    const ada = await createUser();
    await saidBy(ada, "tea at noon");
    for (const { text } of await search(ada, query)) expect(text).toBe("tea at noon");
  });
});

test("a search uses the index under row-level security, with the statistics of one user in a table of many", async () => {
  const ada = await createUser();
  await saidBy(ada, "tea at noon");
  const plan = await withUser(database.db, ada, async (tx) => {
    await tx.execute(sql`set local enable_seqscan = off`);
    return tx.execute<Record<string, string>>(
      sql`explain select document_id from recall_postings where user_id = ${ada}::uuid and term = 'tea' order by document_id desc limit 10`,
    );
  });
  const text = plan.map((row) => row["QUERY PLAN"]).join("\n");
  expect(text).toMatch(/Index.*Scan Backward using recall_postings_pkey/);
  expect(text).toMatch(/Index Cond: .*term = 'tea'/);
});
