import { createConnection } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Call, call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

let home: ServerHome;
let server: ServerProcess;
let user: string;
let admin: string;
let revoked: string;
const serviceKey = "service-key-of-this-test-0123456789";

beforeAll(async () => {
  home = await createServerHome();
  server = await home.start({ MEMA_SERVICE_KEY: serviceKey });
  user = server.apiKey ?? "";
  admin = server.adminKey ?? "";
  const created = dataOf(await call(server.url, "apiKeys.create", { name: "short-lived" }, { key: user }));
  revoked = String(created["apiKey"]);
  await call(server.url, "apiKeys.revoke", { id: (created["key"] as { id: string }).id }, { key: user });
  dataOf(await call(server.url, "messages.send", { text: "something to list" }, { key: user }));
});
afterAll(() => home.remove());

const read = async (procedure: string, input: unknown) => dataOf(await call(server.url, procedure, input, { key: user }));

/** All that this user can see: what a refused request may not have changed. */
async function census(): Promise<unknown> {
  const lists = [
    "messages.list",
    "facts.list",
    "entities.list",
    "conversations.list",
    "reminders.list",
    "channels.list",
    "apiKeys.list",
    "events.list",
    "users.me",
  ];
  const entries = await Promise.all(lists.map(async (name) => [name, await read(name, undefined)] as const));
  // When a key was used last is the one thing that reading changes.
  return JSON.parse(JSON.stringify(Object.fromEntries(entries), (name, value: unknown) => (name === "lastUsedAt" ? null : value)));
}

const json = (body: string): Call => ({ body });
const batchOf = (count: number) => Array.from({ length: count }, () => "messages.send").join(",");
const inputsOf = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [at, { text: `of a batch ${at}` }]));

interface BadRequest {
  what: string;
  procedure?: string;
  input?: unknown;
  options?: Call | (() => Call);
  code: string;
  httpStatus: number;
  /** The field that an issue names, and its limit. */
  field?: string;
  limit?: number;
}

const badRequests: BadRequest[] = [
  {
    what: "a reminder in the past",
    procedure: "reminders.create",
    input: { title: "x", at: { local: "2001-01-01T09:00:00", tz: "Europe/Berlin" } },
    code: "BAD_REQUEST",
    httpStatus: 400,
  },
  {
    what: "a reminder in a wrong zone",
    procedure: "reminders.create",
    input: { title: "x", at: { local: "2999-01-01T09:00:00", tz: "Mars/Olympus" } },
    code: "BAD_REQUEST",
    httpStatus: 400,
  },
  { what: "an unknown field", input: { text: "x", surprise: 1 }, code: "BAD_REQUEST", httpStatus: 400, field: "surprise" },
  { what: "a missing field", input: {}, code: "BAD_REQUEST", httpStatus: 400, field: "text" },
  { what: "another type", input: { text: 7 }, code: "BAD_REQUEST", httpStatus: 400, field: "text" },
  { what: "no input at all", input: undefined, code: "BAD_REQUEST", httpStatus: 400 },
  { what: "an empty text", input: { text: "" }, code: "BAD_REQUEST", httpStatus: 400, field: "text" },
  { what: "a text of 1 MB", input: { text: "x".repeat(1_000_000) }, code: "BAD_REQUEST", httpStatus: 400, field: "text", limit: 100_000 },
  { what: "NUL in a text", input: { text: "a\u0000b" }, code: "BAD_REQUEST", httpStatus: 400, field: "text" },
  { what: "half of a surrogate pair", options: json('{"text":"a\\ud800b"}'), code: "BAD_REQUEST", httpStatus: 400, field: "text" },
  {
    what: "an instant without an offset",
    input: { text: "x", sentAt: "2026-01-01T00:00:00" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "sentAt",
  },
  {
    what: "an id that is none",
    input: { text: "x", conversationId: "1 or 1=1" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "conversationId",
  },
  {
    what: "a conversation that does not exist",
    input: { text: "x", conversationId: "01a1fddb-8c4d-70ea-a674-f2bcb942c893" },
    code: "NOT_FOUND",
    httpStatus: 404,
  },
  {
    what: "NUL deep in metadata",
    procedure: "conversations.create",
    input: { title: "x", metadata: { a: ["b\u0000"] } },
    code: "BAD_REQUEST",
    httpStatus: 400,
  },
  {
    what: "half of a pair in metadata",
    procedure: "conversations.create",
    options: json('{"metadata":{"a":"\\udc00"}}'),
    code: "BAD_REQUEST",
    httpStatus: 400,
  },
  {
    what: "a wrong time zone",
    procedure: "users.update",
    input: { version: 1, timezone: "Mars/Olympus" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "timezone",
  },
  {
    what: "a wrong language",
    procedure: "users.update",
    input: { version: 1, locale: "en\u{1F600}" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "locale",
  },
  { what: "an old version", procedure: "users.update", input: { version: 99, name: "x" }, code: "CONFLICT", httpStatus: 409 },
  {
    what: "a key that has expired already",
    procedure: "apiKeys.create",
    input: { name: "x", expiresAt: "2001-01-01T00:00:00Z" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "expiresAt",
  },
  {
    what: "501 messages at once",
    procedure: "messages.ingest",
    input: { messages: Array.from({ length: 501 }, () => ({ text: "x" })) },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "messages",
    limit: 500,
  },
  {
    what: "one bad message of three",
    procedure: "messages.ingest",
    input: { messages: [{ text: "x" }, { text: "" }, { text: "y" }] },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "messages.1.text",
  },
  {
    what: "a cursor that is none",
    procedure: "messages.list",
    input: { cursor: "canary" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "cursor",
  },
  {
    what: "a page of a million",
    procedure: "messages.list",
    input: { limit: 1_000_000 },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "limit",
    limit: 100,
  },
  {
    what: "a body of 5 MB",
    options: json(JSON.stringify({ text: "x".repeat(5_000_000) })),
    code: "PAYLOAD_TOO_LARGE",
    httpStatus: 413,
    field: "body",
    limit: 4_194_304,
  },
  { what: "malformed JSON", options: json('{"text": '), code: "BAD_REQUEST", httpStatus: 400, field: "body" },
  {
    what: "invalid UTF-8",
    options: { body: Uint8Array.from([...Buffer.from('{"text":"'), 0xc3, 0x28, ...Buffer.from('"}')]) },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "body",
  },
  {
    what: "a form",
    options: { body: "text=x", headers: { "content-type": "application/x-www-form-urlencoded" } },
    code: "UNSUPPORTED_MEDIA_TYPE",
    httpStatus: 415,
    field: "Content-Type",
  },
  {
    what: "plain text",
    options: { body: '{"text":"x"}', headers: { "content-type": "text/plain" } },
    code: "UNSUPPORTED_MEDIA_TYPE",
    httpStatus: 415,
    field: "Content-Type",
  },
  {
    what: "a multipart form",
    options: { body: "--x--", headers: { "content-type": "multipart/form-data; boundary=x" } },
    code: "UNSUPPORTED_MEDIA_TYPE",
    httpStatus: 415,
    field: "Content-Type",
  },
  {
    what: "a compressed body",
    options: { body: '{"text":"x"}', headers: { "content-encoding": "gzip" } },
    code: "UNSUPPORTED_MEDIA_TYPE",
    httpStatus: 415,
    field: "Content-Encoding",
  },
  { what: "no key", input: { text: "x" }, options: { key: undefined }, code: "UNAUTHORIZED", httpStatus: 401 },
  {
    what: "another scheme than Bearer",
    input: { text: "x" },
    options: { key: undefined, headers: { authorization: "Basic canary" } },
    code: "UNAUTHORIZED",
    httpStatus: 401,
  },
  { what: "an unknown key", input: { text: "x" }, options: { key: "mema_canary" }, code: "UNAUTHORIZED", httpStatus: 401 },
  { what: "a revoked key", input: { text: "x" }, options: () => ({ key: revoked }), code: "UNAUTHORIZED", httpStatus: 401 },
  {
    what: "the admin key for a user's procedure",
    input: { text: "x" },
    options: () => ({ key: admin }),
    code: "FORBIDDEN",
    httpStatus: 403,
  },
  {
    what: "the service key for a user's procedure",
    input: { text: "x" },
    options: { key: serviceKey },
    code: "FORBIDDEN",
    httpStatus: 403,
  },
  { what: "a user key for the admin's procedure", procedure: "users.create", input: {}, code: "FORBIDDEN", httpStatus: 403 },
  { what: "an unknown procedure", procedure: "messages.steal", input: {}, code: "NOT_FOUND", httpStatus: 404 },
  { what: "a name of JavaScript as a procedure", procedure: "__proto__.toString", input: {}, code: "NOT_FOUND", httpStatus: 404 },
  {
    what: "GET for a mutation",
    procedure: `messages.send?input=${encodeURIComponent('{"text":"by GET"}')}`,
    options: { method: "GET" },
    code: "METHOD_NOT_SUPPORTED",
    httpStatus: 405,
  },
  {
    what: "a query that is not UTF-8",
    procedure: "messages.list?input=%7B%22source%22%3A%22%ED%A0%80%22%7D",
    options: { method: "GET" },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "query",
  },
  {
    what: "an Idempotency-Key that is too long",
    input: { text: "x" },
    options: { headers: { "idempotency-key": "k".repeat(256) } },
    code: "BAD_REQUEST",
    httpStatus: 400,
    field: "Idempotency-Key",
    limit: 255,
  },
];

test.each(badRequests)("$what is refused with $code and leaves nothing behind", async (bad) => {
  const { procedure = "messages.send", input, options = {}, code, httpStatus, field, limit } = bad;
  const before = await census();
  const reply = await call(server.url, procedure, input, { key: user, ...(typeof options === "function" ? options() : options) });
  expect(reply.body).toMatchObject({ error: { message: expect.stringMatching(/\S/), data: { code, httpStatus } } });
  expect(reply.status).toBe(httpStatus);
  const { message, data } = (
    reply.body as { error: { message: string; data: { issues?: { path: unknown[]; limit?: number }[]; stack?: string } } }
  ).error;
  expect(data).not.toHaveProperty("stack");
  expect(message).not.toMatch(/canary|select |insert /i);
  if (field !== undefined) expect(data.issues?.map(({ path }) => path.join("."))).toContain(field);
  if (limit !== undefined) expect(data.issues?.[0]?.limit).toBe(limit);
  expect(await census()).toEqual(before);
});

test("a batch of more than 20, or one with an Idempotency-Key, is refused whole", async () => {
  const before = await census();
  const huge = await call(server.url, `${batchOf(21)}?batch=1`, inputsOf(21), { key: user });
  const keyed = await call(server.url, `${batchOf(2)}?batch=1`, inputsOf(2), { key: user, headers: { "idempotency-key": "k" } });
  for (const reply of [huge, keyed]) {
    expect(reply.status).toBe(400);
    const errors = [reply.body].flat() as { error?: { data: { code: string } } }[];
    expect(errors.map(({ error }) => error?.data.code).filter((code) => code !== "BAD_REQUEST")).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
  }
  expect(await census()).toEqual(before);
  const whole = await call(server.url, `${batchOf(20)}?batch=1`, inputsOf(20), { key: user });
  expect((whole.body as { result?: unknown }[]).filter(({ result }) => result !== undefined)).toHaveLength(20);
});

test("a GET that is too long is refused, and passes as a POST", async () => {
  const input = { source: "x".repeat(200), cursor: "x".repeat(20_000) };
  const long = await call(server.url, `messages.list?input=${encodeURIComponent(JSON.stringify(input))}`, undefined, {
    key: user,
    method: "GET",
  });
  expect(long.status).toBe(431);
  const posted = await call(server.url, "messages.list", input, { key: user });
  expect(posted.body).toMatchObject({ error: { data: { code: "BAD_REQUEST", issues: [{ path: ["cursor"], limit: 1_000 }] } } });
});

test("a body that ends before its declared length stores nothing, and the server goes on", async () => {
  const before = await census();
  const { hostname, port } = new URL(server.url);
  await new Promise<void>((resolve) => {
    const socket = createConnection(Number(port), hostname, () => {
      socket.end(
        `POST /trpc/messages.send HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${user}\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"text":"half"}`,
      );
    });
    socket.resume().once("close", () => resolve());
  });
  expect(await census()).toEqual(before);
});
