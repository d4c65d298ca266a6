import { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminKey, type Caller, createTestApi, serviceKey, type TestApi } from "./testing.ts";

let api: TestApi;
let ada: Caller;
let adasKey: string;
beforeAll(async () => {
  api = await createTestApi();
  ({ caller: ada, apiKey: adasKey } = await api.createUser({ timezone: "Europe/Berlin" }));
});
afterAll(() => api.close());

async function failure(promise: Promise<unknown>): Promise<TRPCError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TRPCError)) throw new Error("expected a TRPCError");
  return error;
}

test("a missing, unknown, revoked or wrong kind of key is refused with its own code", async () => {
  expect((await failure(api.callerWith(null).users.me())).code).toBe("UNAUTHORIZED");
  expect((await failure(api.callerWith("mema_unknown").users.me())).code).toBe("UNAUTHORIZED");
  expect((await failure(api.callerWith("x".repeat(10_000)).users.me())).code).toBe("UNAUTHORIZED");
  expect((await failure(api.callerWith(adminKey).users.me())).code).toBe("FORBIDDEN");
  expect((await failure(api.callerWith(serviceKey).messages.list({}))).code).toBe("FORBIDDEN");
  expect((await failure(ada.users.create({}))).code).toBe("FORBIDDEN");
  const { apiKey, key } = await ada.apiKeys.create({ name: "short-lived" });
  expect((await api.callerWith(apiKey).users.me()).timezone).toBe("Europe/Berlin");
  await ada.apiKeys.revoke({ id: key.id });
  expect((await failure(api.callerWith(apiKey).users.me())).code).toBe("UNAUTHORIZED");
});

test("a key with the scope read cannot write", async () => {
  const { apiKey } = await ada.apiKeys.create({ name: "reader", scopes: ["read"] });
  const reader = api.callerWith(apiKey);
  expect((await reader.messages.list({})).items).toBeInstanceOf(Array);
  const error = await failure(reader.messages.send({ text: "hello" }));
  expect(error.code).toBe("FORBIDDEN");
  expect(error.message).toContain("write");
});

test("a failed procedure leaves nothing behind: no message, no event, no audit row", async () => {
  const before = await ada.events.list({});
  const error = await failure(ada.messages.send({ text: "hello", conversationId: "01a1fddb-8c4d-70ea-a674-f2bcb942c893" }));
  expect(error.code).toBe("NOT_FOUND");
  expect(await ada.events.list({})).toEqual(before);
  expect((await ada.messages.list({})).items.filter(({ content }) => content === "hello")).toEqual([]);
});

test("bad input names each field, its limit and what to do", async () => {
  // @ts-expect-error -- what no typed caller could send, a stranger can
  const error = await failure(ada.messages.send({ text: "x".repeat(100_001), surprise: 1 }));
  expect(error.code).toBe("BAD_REQUEST");
  expect(error.cause).toMatchObject({
    issues: [
      { path: ["text"], limit: 100_000 },
      { path: ["surprise"], message: expect.stringContaining("remove") },
    ],
  });
});

test("an unexpected error tells the caller nothing and the log no values", async () => {
  const secret = "sk-very-secret-canary";
  const error = await failure(ada.users.update({ version: 1, name: secret, timezone: "Europe/Berlin", locale: "en\u{1F600}" }));
  expect(JSON.stringify(error)).not.toContain("select");
  expect(api.logged.join("\n")).not.toContain(secret);
});

test("the same Idempotency-Key gets the first answer; another request under it is a conflict; a batch may not carry one", async () => {
  const once = (request: object = {}) => api.callerWith(adasKey, { ...request, idempotencyKey: "key-1" });
  const first = await once().messages.send({ text: "only once" });
  const second = await once().messages.send({ text: "only once" });
  expect(second.message.id).toBe(first.message.id);
  expect((await failure(once().messages.send({ text: "something else" }))).code).toBe("CONFLICT");
  expect((await failure(once({ batched: true }).messages.send({ text: "only once" }))).code).toBe("BAD_REQUEST");
  const { items } = await ada.messages.list({ limit: 100 });
  expect(items.filter(({ content }) => content === "only once")).toHaveLength(1);
});

test("an answer with a secret is not kept for retries: no Idempotency-Key there, and no key in the clear in the database", async () => {
  const keyed = api.callerWith(adasKey, { idempotencyKey: "key-2" });
  expect((await failure(keyed.apiKeys.create({ name: "another" }))).code).toBe("BAD_REQUEST");
  expect((await failure(keyed.channels.create({ type: "log" }))).code).toBe("BAD_REQUEST");
  expect((await failure(api.callerWith(adminKey, { idempotencyKey: "key-3" }).users.create({}))).code).toBe("BAD_REQUEST");
});

test("what asks another server is not kept for retries: an Idempotency-Key is refused there and said to be", async () => {
  const { id } = await ada.channels.create({ type: "log" });
  const error = await failure(api.callerWith(adasKey, { idempotencyKey: "key-4" }).channels.verify({ id }));
  expect(error.code).toBe("BAD_REQUEST");
  expect(error.message).toContain("Idempotency-Key");
  expect(error.message).toContain("without the key");
  const tested = () => api.callerWith(adasKey, { idempotencyKey: "key-5" }).channels.test({ id });
  expect(await tested()).toEqual(await tested());
});

test("an event names what was removed or changed, and there is none when nothing was", async () => {
  const { caller } = await api.createUser();
  const { caller: other } = await api.createUser();
  const strange = (await other.entities.create({ canonicalName: "Olga" })).id;
  const entity = await caller.entities.create({ canonicalName: "Dima" });
  const reminder = await caller.reminders.create({ title: "call", in: "PT1H" });
  const { lastSeq } = await caller.events.list({});
  const forget = (ids: { entityIds: string[]; reminderIds: string[] }) => caller.entities.forget(ids);
  expect(await forget({ entityIds: [strange], reminderIds: [strange] })).toMatchObject({ entityIds: [], reminderIds: [] });
  expect(await caller.reminders.markRead({ deliveryIds: [strange] })).toEqual({ marked: 0 });
  expect((await caller.events.list({ afterSeq: lastSeq })).items).toEqual([]);
  const gone = { entityIds: [entity.id], reminderIds: [reminder.id] };
  expect(await forget({ entityIds: [strange, entity.id], reminderIds: [reminder.id, strange] })).toMatchObject(gone);
  const nothing = { factIds: [], messageIds: [], cancelledReminderIds: [] };
  expect((await caller.events.list({ afterSeq: lastSeq })).items).toMatchObject([
    { type: "memory.forgotten", payload: { ...gone, ...nothing } },
  ]);
});

test("what is deleted is in no answer that is kept for retries", async () => {
  const { caller, apiKey } = await api.createUser();
  let count = 0;
  const again = async <T>(make: (keyed: Caller) => Promise<T>, remove: (made: T) => Promise<unknown>) => {
    const keyed = api.callerWith(apiKey, { idempotencyKey: `again-${count++}` });
    await remove(await make(keyed));
    expect((await failure(make(keyed))).message).toContain("its answer has been forgotten");
  };
  const remind = (keyed: Caller) => keyed.reminders.create({ title: "call Dima", in: "PT1H" });
  await again(remind, ({ id }) => caller.reminders.delete({ id }));
  await again(remind, ({ id }) => caller.entities.forget({ reminderIds: [id] }));
  const name = (keyed: Caller) => keyed.entities.create({ canonicalName: "Dima" });
  await again(name, ({ id }) => caller.entities.delete({ id }));
  await again(name, ({ id }) => caller.entities.forget({ entityIds: [id] }));
  await again(
    (keyed) => keyed.conversations.create({ title: "with Dima" }),
    ({ id }) => caller.conversations.delete({ id }),
  );
  await again(
    (keyed) => keyed.facts.create({ content: "Dima sings" }),
    ({ id }) => caller.facts.delete({ id }),
  );
});

test("a step outside of the request's transaction leaves its events and audit rows too", async () => {
  const { caller } = await api.createUser();
  const { id } = await caller.channels.create({ type: "log" });
  const { items } = await caller.events.list({});
  expect(items).toMatchObject([{ type: "channel.created", payload: { channelId: id } }]);
});

test("events are numbered without gaps in the order of commits, also when twenty mutations run at once", async () => {
  const { caller } = await api.createUser();
  await Promise.all(Array.from({ length: 20 }, (_, at) => caller.messages.send({ text: `message ${at}` })));
  const { items, lastSeq } = await caller.events.list({});
  expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(lastSeq).toBe(20);
});

test("live events arrive as they are committed and go on after the last one seen", async () => {
  const { caller } = await api.createUser();
  await caller.messages.send({ text: "before" });
  const live = await caller.events.live({ lastEventId: "0" });
  const iterator = live[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toMatchObject(["1", { seq: 1 }, expect.anything()]);
  const next = iterator.next();
  await caller.messages.send({ text: "while listening" });
  expect((await next).value).toMatchObject(["2", { type: "message.created" }, expect.anything()]);
  await iterator.return?.(undefined);
});

test("deleting the account leaves nothing of it, and its key opens nothing any more", async () => {
  const { caller } = await api.createUser();
  await caller.messages.send({ text: "Remember that Dima loves climbing" });
  await caller.users.delete({ confirm: "delete everything" });
  expect((await failure(caller.users.me())).code).toBe("UNAUTHORIZED");
});
