import { afterEach, expect, test } from "vitest";
import { type EmbeddingServer, startEmbeddingServer } from "../../testing/embedding-server.ts";
import { EmbeddingEndpoint } from "./endpoint.ts";

let server: EmbeddingServer;
afterEach(() => server.close());

const quick = { signal: new AbortController().signal, timeoutMs: 5_000, attempts: 1 };
const endpoint = (settings: object = {}) => new EmbeddingEndpoint({ url: server.url, model: "m", ...settings });

test("gives one vector for each text in the order of the texts, whatever order they come back in", async () => {
  server = await startEmbeddingServer((text) => [text.length, 1]);
  const one = endpoint({ apiKey: "secret" });
  expect(one.dimensions).toBeNull();
  expect(await one.embed(["a", "bbb"], quick)).toEqual({
    vectors: [
      [1, 1],
      [3, 1],
    ],
    tokens: 20,
  });
  expect(one.dimensions).toBe(2);
  expect(server.requests).toEqual([{ at: expect.any(Number), model: "m", input: ["a", "bbb"], authorization: "Bearer secret" }]);
});

test("asks again after an overload, as late as the endpoint says", async () => {
  server = await startEmbeddingServer(() => [1]);
  server.next.push({ status: 429, retryAfter: "0" }, { status: 503, retryAfter: "0" });
  expect(await endpoint().embed(["a"], { ...quick, attempts: 3 })).toMatchObject({ vectors: [[1]] });
  expect(server.requests).toHaveLength(3);
});

test("does not wait here for an hour, but says when", async () => {
  server = await startEmbeddingServer(() => [1]);
  server.next.push({ status: 429, retryAfter: "3600" });
  await expect(endpoint().embed(["a"], { ...quick, attempts: 3 })).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterSeconds: 3_600 });
});

test.each([
  [{ data: [] }, /0 vectors for 1 texts/],
  [
    {
      data: [
        { index: 0, embedding: [1] },
        { index: 1, embedding: [1] },
      ],
    },
    /2 vectors for 1 texts/,
  ],
  [{ data: [{ index: 1, embedding: [1] }] }, /1 vectors for 1 texts/],
  [{ data: [{ index: 0, embedding: [null] }] }, /form/],
  [{ data: [{ index: 0, embedding: ["1"] }] }, /form/],
  [{ data: [{ index: 0, embedding: [] }] }, /form/],
  [{ data: [{ index: 0, embedding: [0, 0] }] }, /zeros/],
  [{ error: "secret text" }, /form/],
])("refuses the answer %j and quotes nothing of it", async (body, reason) => {
  server = await startEmbeddingServer(() => [1]);
  server.next.push({ body });
  const failed = endpoint().embed(["a private text"], quick);
  await expect(failed).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(failed).rejects.toThrow(reason);
  await expect(failed).rejects.not.toThrow(/private|secret/);
});

test("refuses vectors of different lengths", async () => {
  server = await startEmbeddingServer((text) => text.split("").map(() => 1));
  await expect(endpoint().embed(["a", "bb"], quick)).rejects.toThrow(/different lengths/);
});

test("asks a model with more than 1,536 numbers for 1,536, once", async () => {
  server = await startEmbeddingServer((_, { dimensions = 3_072 }) => Array.from({ length: dimensions }, () => 1));
  const one = endpoint();
  expect((await one.embed(["a"], quick)).vectors[0]).toHaveLength(1_536);
  await one.embed(["b"], quick);
  expect(server.requests.map(({ dimensions }) => dimensions)).toEqual([undefined, 1_536, 1_536]);
});

test("refuses a model that gives more than 1,536 numbers whatever it is asked for", async () => {
  server = await startEmbeddingServer(() => Array.from({ length: 3_072 }, () => 1));
  await expect(endpoint().embed(["a"], quick)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});

test("gives up at the time limit, and tells a wrong key from an overload", async () => {
  server = await startEmbeddingServer(() => [1]);
  server.next.push("hang", { status: 401 });
  await expect(endpoint().embed(["a"], { ...quick, timeoutMs: 50 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(endpoint().embed(["a"], { ...quick, attempts: 3 })).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});
