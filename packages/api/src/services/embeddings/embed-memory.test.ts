import { createTokenUsageRepository, withUser } from "@mema/db";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type EmbeddingServer, startEmbeddingServer } from "../../testing/embedding-server.ts";
import { createTestApi, type TestApi } from "../../testing.ts";
import { embedMemory, requeueOtherModels } from "./embed-memory.ts";
import { EmbeddingEndpoint } from "./endpoint.ts";

/** A model that knows three topics by their words; anything else has none. It refuses texts that say so. */
const topics = [/climb|mountain|sport/i, /doctor|dentist|teeth/i, /cake|bake|oven/i];
function topicVector(text: string): number[] | null {
  if (text.includes("REFUSE")) return null;
  const vector = topics.map((topic) => (topic.test(text) ? 1 : 0));
  return [...vector, vector.includes(1) ? 0 : 1];
}

let api: TestApi;
let server: EmbeddingServer;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  server = await startEmbeddingServer(topicVector);
  // Users of other tests are nobody's business here.
  await api.database.asOwner((owner) => owner`update recall_embedding_queue set due_at = null`);
});
afterEach(async () => {
  api.services.embeddings = undefined;
  await server.close();
});

const { signal } = new AbortController();
const workOf = (model = "topics") => ({
  db: api.services.db,
  endpoint: new EmbeddingEndpoint({ url: server.url, model }),
  log: api.services.log,
  signal,
});
const vectorsOf = (userId: string) =>
  withUser(api.services.db, userId, async (tx) =>
    (
      await tx.execute<{ model: string; dimensions: number | null; empty: boolean }>(sql`
        select embedding_model as model, embedding_dimensions as dimensions, embedding is null as empty from recall_message_embeddings where user_id = ${userId}::uuid
        union all select embedding_model, embedding_dimensions, embedding is null from facts where user_id = ${userId}::uuid`)
    ).map((row) => ({ ...row })),
  );
const texts = () => server.requests.flatMap(({ input }) => input);

test("without an endpoint no vector is written and the answer says so", async () => {
  const { caller, userId } = await api.createUser();
  await caller.messages.send({ text: "Remember that Dima loves climbing" });
  expect((await vectorsOf(userId)).every(({ model, empty }) => model === null && empty)).toBe(true);
  expect(await caller.recall.search({ query: "climbing" })).toMatchObject({ meaning: "off" });
});

test("a message and a fact are found by a question that shares no word with them, and the numbers add up", async () => {
  const { caller } = await api.createUser();
  const { message } = await caller.messages.send({ text: "Dima went up the mountain again" });
  const fact = await caller.facts.create({ content: "Vera sees her dentist in May" });
  for (let other = 0; other < 20; other++) await caller.messages.send({ text: `the bus number ${other} was late` });
  const work = workOf();
  expect(await embedMemory(work)).toBe(1);
  api.services.embeddings = work.endpoint;
  const sport = await caller.recall.search({ query: "Which sport?", explain: true });
  expect(sport.meaning).toBe("used");
  expect(sport.results[0]?.id).toBe(message.id);
  for (const { score, contributions = [] } of sport.results) {
    expect(contributions.reduce((sum, part) => sum + part.score, 0)).toBe(score);
  }
  expect(sport.results[0]?.contributions?.some(({ from }) => from === "meaning")).toBe(true);
  const teeth = await caller.recall.search({ query: "teeth", kinds: ["fact"] });
  expect(teeth.results.map(({ id }) => id)).toEqual([fact.id]);
  const packed = await caller.recall.pack({ query: "Which sport?", maxTokens: 500 });
  expect(packed).toMatchObject({ meaning: "used" });
  expect(packed.text).toContain("mountain");
});

test("counts tokens for the user, those of questions too, and stops at the quota", async () => {
  const { caller, userId } = await api.createUser();
  await caller.messages.ingest({ messages: [{ text: "a mountain" }, { text: "a cake" }] });
  const work = workOf();
  await embedMemory(work);
  api.services.embeddings = work.endpoint;
  await caller.recall.search({ query: "sport" });
  const at = new Date();
  const budget = { at, kind: "embedding", model: "topics" };
  const used = () => withUser(api.services.db, userId, (tx) => createTokenUsageRepository(tx).listMonth(at));
  expect(await used()).toMatchObject([{ kind: "embedding", model: "topics", tokensUsed: 30 }]);
  await withUser(api.services.db, userId, (tx) => createTokenUsageRepository(tx).setQuota(budget, 30));
  expect(await caller.recall.search({ query: "cake" })).toMatchObject({ meaning: "over_quota", results: [{ text: "a cake" }] });
  await caller.messages.send({ text: "another cake" });
  await embedMemory(work);
  expect(await used()).toMatchObject([{ tokensUsed: 30 }]);
});

test("another model embeds everything anew, and only then answers", async () => {
  const { caller, userId } = await api.createUser();
  await caller.messages.ingest({ messages: Array.from({ length: 70 }, (_, number) => ({ text: `cake number ${number}` })) });
  await caller.facts.create({ content: "Vera bakes" });
  await embedMemory(workOf("old"));
  expect(new Set((await vectorsOf(userId)).map(({ model }) => model))).toEqual(new Set(["old"]));
  const work = workOf("new");
  expect(await embedMemory(work)).toBe(0);
  await requeueOtherModels(work);
  expect(await embedMemory(work)).toBeGreaterThan(0);
  expect(await vectorsOf(userId)).toEqual(Array.from({ length: 71 }, () => ({ model: "new", dimensions: 4, empty: false })));
  await requeueOtherModels(work);
  expect(await embedMemory(work)).toBe(0);
});

test("two servers at once embed every text once", async () => {
  const users = await Promise.all(Array.from({ length: 4 }, () => api.createUser()));
  for (const { caller, userId } of users)
    await caller.messages.ingest({ messages: Array.from({ length: 5 }, (_, number) => ({ text: `${userId} ${number}` })) });
  const [one, other] = [workOf(), workOf()];
  const both = await Promise.all([embedMemory(one), embedMemory(other)]);
  while ((await embedMemory(one)) + (await embedMemory(other)) > 0);
  expect(both[0] + both[1]).toBeGreaterThanOrEqual(4);
  expect(texts().toSorted()).toEqual(users.flatMap(({ userId }) => [0, 1, 2, 3, 4].map((number) => `${userId} ${number}`)).toSorted());
});

test("a text that the model refuses costs the others nothing and is not asked again", async () => {
  const { caller, userId } = await api.createUser();
  await caller.messages.ingest({
    messages: [{ text: "a cake" }, { text: "REFUSE this" }, { text: "a mountain" }, { text: "a dentist" }],
  });
  const work = workOf();
  await embedMemory(work);
  expect((await vectorsOf(userId)).filter(({ empty }) => empty)).toHaveLength(1);
  const before = texts().length;
  await requeueOtherModels(work);
  await caller.messages.send({ text: "an oven" });
  await embedMemory(work);
  expect(texts().slice(before)).toContain("an oven");
  expect(
    texts()
      .slice(before)
      .filter((text) => text.includes("REFUSE")),
  ).toEqual([]);
});

test("settings that make the model refuse everything mark no text", async () => {
  const { caller, userId } = await api.createUser();
  await caller.messages.send({ text: "a cake" });
  server.next.push(...Array.from({ length: 4 }, () => ({ status: 400 })));
  await expect(embedMemory(workOf())).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  expect(await vectorsOf(userId)).toEqual([]);
});

test("an endpoint that is down leaves the texts for later, and questions are answered by words at once", async () => {
  const { caller } = await api.createUser();
  const { message } = await caller.messages.send({ text: "a cake" });
  await server.close();
  const { endpoint, ...work } = workOf();
  await expect(embedMemory({ ...work, endpoint })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  api.services.embeddings = endpoint;
  for (let question = 0; question < 2; question++) {
    const answer = await caller.recall.search({ query: "cake" });
    expect(answer).toMatchObject({ meaning: "unavailable", results: [{ id: message.id }] });
  }
  expect(api.logged.some((line) => line.includes("a cake"))).toBe(false);
});

test("a message that is forgotten while its vector is made gets none", async () => {
  const { caller, userId } = await api.createUser();
  const { message } = await caller.messages.send({ text: "a cake" });
  const work = workOf();
  const slow = await startEmbeddingServer(topicVector);
  const deleted = caller.messages.delete({ id: message.id });
  const endpoint = new EmbeddingEndpoint({ url: slow.url, model: "topics" });
  await Promise.all([deleted, embedMemory({ ...work, endpoint })]);
  await embedMemory({ ...work, endpoint });
  expect(await vectorsOf(userId)).toEqual([]);
  await slow.close();
});

test("nobody finds another user's texts by meaning", async () => {
  const [ada, ben] = [await api.createUser(), await api.createUser()];
  await ada.caller.messages.send({ text: "Dima went up the mountain" });
  await ben.caller.messages.send({ text: "a cake" });
  const work = workOf();
  await embedMemory(work);
  api.services.embeddings = work.endpoint;
  const { results } = await ben.caller.recall.search({ query: "sport" });
  expect(results.every(({ text }) => text === "a cake")).toBe(true);
});
