import { type EmbeddingServer, startEmbeddingServer } from "@mema/api/testing";
import { createTokenUsageRepository, withUser } from "@mema/db";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

// A server that starts twice and rests between attempts takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const key = "bootstrap-key-of-this-test-0123456789";
const secret = "endpoint-key-canary-4821";

/** A model that knows two topics by their words; any other text is of a third. */
const topics = [/climb|mountain|sport/i, /dentist|teeth/i];
const topicVector = (text: string): number[] => {
  const vector = topics.map((topic) => (topic.test(text) ? 1 : 0));
  return [...vector, vector.includes(1) ? 0 : 1, 0.1];
};

let home: ServerHome;
let model: EmbeddingServer;
beforeEach(async () => {
  home = await createServerHome();
  model = await startEmbeddingServer(topicVector);
});
afterEach(async () => {
  await model.close();
  await home.remove();
});

const start = (more: Record<string, string> = {}) =>
  home.start({
    MEMA_BOOTSTRAP_KEY: key,
    MEMA_EMBEDDINGS_URL: model.url,
    MEMA_EMBEDDINGS_MODEL: "topics-1",
    MEMA_EMBEDDINGS_API_KEY: secret,
    LOG_LEVEL: "debug",
    ...more,
  });

/** Stores what a day brings; one message is about sport, which no word of it says. */
async function tell({ url }: ServerProcess): Promise<string> {
  const others = Array.from({ length: 15 }, (_, number) => ({ text: `the bus number ${number} was late` }));
  const { items } = dataOf(
    await call(url, "messages.ingest", { messages: [{ text: "Dima went up the mountain again" }, ...others] }, { key }),
  ) as { items: { id: string }[] };
  return items[0]?.id ?? "";
}

const search = async ({ url }: ServerProcess, query: string) =>
  dataOf(await call(url, "recall.search", { query, limit: 5 }, { key })) as { meaning: string; results: { id: string }[] };
const best = (server: ServerProcess) => async () => (await search(server, "Which sport?")).results[0]?.id;
const askedOf = (name: string) => new Set(model.requests.filter((request) => request.model === name).flatMap(({ input }) => input));
const patiently = { timeout: 50_000, interval: 100 };

test("what is said is found by what it means within seconds, and another model embeds all of it anew at the next start", async () => {
  const first = await start();
  const { id: userId } = dataOf(await call(first.url, "users.me", undefined, { key, method: "GET" }));
  const id = await tell(first);
  await expect.poll(best(first), patiently).toBe(id);
  expect(await search(first, "Which sport?")).toMatchObject({ meaning: "used" });
  const { id: later } = dataOf(await call(first.url, "facts.create", { content: "Vera sees her dentist in May" }, { key }));
  await expect.poll(async () => (await search(first, "teeth")).results[0]?.id, patiently).toBe(later);
  expect(model.requests.every(({ authorization }) => authorization === `Bearer ${secret}`)).toBe(true);
  await first.end("SIGTERM");

  const second = await start({ MEMA_EMBEDDINGS_MODEL: "topics-2" });
  await expect.poll(best(second), patiently).toBe(id);
  const asked = askedOf("topics-2");
  expect(asked).toContain("Vera sees her dentist in May");
  for (let number = 0; number < 15; number++) expect(asked).toContain(`the bus number ${number} was late`);
  await second.end("SIGTERM");
  for (const server of [first, second]) {
    expect(server.output()).not.toContain(secret);
    expect(server.output()).not.toMatch(/mountain|dentist|sport/);
  }

  const used = await home.withDatabase((db) => withUser(db, String(userId), (tx) => createTokenUsageRepository(tx).listMonth(new Date())));
  const counted = (name: string) => model.requests.filter((request) => request.model === name).flatMap(({ input }) => input).length * 10;
  expect(used.map(({ kind, model: name, tokensUsed }) => [kind, name, tokensUsed])).toEqual(
    ["topics-1", "topics-2"].map((name) => ["embedding", name, counted(name)]),
  );
});

test("an endpoint that is overloaded or broken for a moment is asked again, and its Retry-After is heeded", async () => {
  model.next.push({ status: 429, retryAfter: "1" }, { status: 500 });
  const server = await start();
  const id = await tell(server);
  await expect.poll(() => model.requests.length, patiently).toBe(3);
  const [refused, broken, answered] = model.requests;
  expect([broken?.input, answered?.input]).toEqual([refused?.input, refused?.input]);
  expect((broken?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  await expect.poll(best(server), patiently).toBe(id);
});

test("while the endpoint is down words answer alone and say so, storing goes on, and what was stored meanwhile is caught up", async () => {
  await model.close();
  const server = await start();
  await tell(server);
  expect(await search(server, "mountain")).toMatchObject({ meaning: "unavailable", results: [{}] });
  await server.printed(/"reason":"The embedding endpoint cannot be reached \(ECONNREFUSED\)\.".*embedding rests/);
  expect((await call(server.url, "messages.send", { text: "a message more" }, { key })).status).toBe(200);
  model = await startEmbeddingServer(topicVector, { port: Number(new URL(model.url).port) });
  await expect.poll(() => askedOf("topics-1").has("a message more"), patiently).toBe(true);
});

test("a model that gives another number of dimensions than was set is refused with what to do, and words answer", async () => {
  const server = await start({ MEMA_EMBEDDINGS_DIMENSIONS: "3" });
  await tell(server);
  await server.printed(/gave 4 numbers where 3 were asked for: set MEMA_EMBEDDINGS_DIMENSIONS to what it gives/);
  expect(await search(server, "mountain")).toMatchObject({ meaning: "unavailable", results: [{}] });
});
