import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

const berlin = { timezone: "Europe/Berlin" };

test("“remember that” becomes a fact that rests on the verbatim words, and names become entities once", async () => {
  const { caller } = await api.createUser(berlin);
  const text = "By the way. Remember that Dima's birthday is on 14 March. Please remember that Dima loves climbing.";
  const { message, understood } = await caller.messages.send({ text });
  expect(understood.map(({ kind }) => kind)).toEqual(["fact", "fact"]);
  for (const one of understood) {
    if (one.kind !== "fact") continue;
    expect(text.slice(one.start, one.end)).toBe(one.quote);
    const fact = await caller.facts.byId({ id: one.factId });
    expect(fact).toMatchObject({ sourceMessageId: message.id, sourceQuote: one.quote, sourceStart: one.start, sourceEnd: one.end });
  }
  expect((await caller.entities.list({})).items.map(({ canonicalName }) => canonicalName)).toEqual(["Dima"]);
});

test("a retry stores nothing, does nothing and gets the first answer", async () => {
  const { caller } = await api.createUser(berlin);
  const message = {
    text: "Remember that my sister lives in Lyon. Remind me tomorrow at 9 to call her. Forget everything about Oslo.",
    source: "chat",
    externalId: "42",
  };
  const first = await caller.messages.send(message);
  const again = await caller.messages.send(message);
  expect(first.understood.map(({ kind }) => kind)).toEqual(["fact", "reminder", "forget"]);
  expect(again.message).toEqual(first.message);
  const withoutDistance = (understood: typeof first.understood) =>
    understood.map((one) => (one.kind === "reminder" ? { ...one, next: one.next?.at, upcoming: one.upcoming.map(({ at }) => at) } : one));
  expect(withoutDistance(again.understood)).toEqual(withoutDistance(first.understood));
  expect((await caller.messages.list({})).items).toHaveLength(1);
  expect((await caller.facts.list({})).items).toHaveLength(1);
  expect((await caller.reminders.list({})).items).toHaveLength(1);
});

test("twenty sends of one message at once store it once and act on it once", async () => {
  const { caller } = await api.createUser(berlin);
  const message = { text: "Remind me in 20 minutes to stretch", source: "chat", externalId: "1" };
  const sent = await Promise.all(Array.from({ length: 20 }, () => caller.messages.send(message)));
  expect(new Set(sent.map((one) => one.message.id)).size).toBe(1);
  expect((await caller.reminders.list({})).items).toHaveLength(1);
});

test("a reminder is echoed in the user's own wall clock with the next times", async () => {
  const { caller } = await api.createUser(berlin);
  const { understood } = await caller.messages.send({ text: "Remind me every weekday at 8:30 to take my pills" });
  expect(understood[0]).toMatchObject({ kind: "reminder", title: "take my pills", next: { tz: "Europe/Berlin" } });
  if (understood[0]?.kind !== "reminder") throw new Error("not understood");
  expect(understood[0].upcoming).toHaveLength(3);
  for (const moment of understood[0].upcoming) expect(moment.local).toMatch(/T08:30:00$/);
});

test("“three days before” hangs on the date that was just told and moves when it is corrected", async () => {
  const { caller } = await api.createUser(berlin);
  const { understood } = await caller.messages.send({
    text: "Remember that Dima's birthday is on 14 March. Remind me three days before to buy a gift.",
  });
  const [fact, reminder] = understood;
  if (fact?.kind !== "fact" || reminder?.kind !== "reminder") throw new Error(`not understood: ${JSON.stringify(understood)}`);
  expect(reminder.next?.local).toMatch(/-03-11T09:00:00$/);
  const { version, eventDate } = await caller.facts.byId({ id: fact.factId });
  const corrected = eventDate?.replace(/14$/, "15");
  await caller.facts.update({ id: fact.factId, version, content: "Dima's birthday is on 15 March", eventDate: corrected });
  const moved = await caller.reminders.byId({ id: reminder.reminderId });
  expect(moved.next?.local).toMatch(/-03-12T09:00:00$/);
});

test("what is not understood is asked about, and nothing is guessed", async () => {
  const { caller } = await api.createUser(berlin);
  const { understood } = await caller.messages.send({ text: "Remind me to call mum" });
  expect(understood).toMatchObject([{ kind: "question", about: "reminder" }]);
  expect((await caller.reminders.list({})).items).toEqual([]);
  const plain = await caller.messages.send({ text: "Dima's birthday is on 14 March. He loves climbing." });
  expect(plain.understood).toEqual([]);
  expect((await caller.facts.list({})).items).toEqual([]);
});

test("a reminder whose time had passed when the message arrived is asked about, and the message is stored", async () => {
  const { caller } = await api.createUser(berlin);
  const { understood, message } = await caller.messages.send({
    text: "Remind me in 10 minutes to leave",
    sentAt: new Date(Date.parse("2026-11-01T10:00:00Z")).toISOString(),
  });
  expect(understood).toMatchObject([{ kind: "question", about: "reminder" }]);
  expect((await caller.messages.byId({ id: message.id })).content).toContain("leave");
});

test("“what do you know about” answers from memory, without the question itself", async () => {
  const { caller } = await api.createUser(berlin);
  await caller.messages.send({ text: "Remember that Dima loves climbing" });
  const { understood, message } = await caller.messages.send({ text: "What do you know about Dima?" });
  const [answer] = understood;
  if (answer?.kind !== "answer") throw new Error("not understood");
  expect(answer.results.some(({ kind }) => kind === "fact")).toBe(true);
  expect(answer.results.every(({ messageId }) => messageId !== message.id)).toBe(true);
});

test("“forget everything about” shows what there is; forgetting it leaves no trace in search, facts, quotes or kept answers", async () => {
  const { caller, apiKey, userId } = await api.createUser(berlin);
  const kept = api.callerWith(apiKey, { idempotencyKey: "kept" });
  await kept.messages.send({ text: "Remember that Dima loves climbing" });
  const { understood } = await caller.messages.send({ text: "Forget everything about Dima" });
  const [request] = understood;
  if (request?.kind !== "forget") throw new Error("not understood");
  expect(request.preview.facts.map(({ content }) => content)).toEqual(["Dima loves climbing"]);
  const { entities, facts, messages, reminders } = request.preview;
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);
  await caller.entities.forget({ entityIds: ids(entities), factIds: ids(facts), messageIds: ids(messages), reminderIds: ids(reminders) });
  expect((await caller.recall.search({ query: "Dima climbing" })).results).toEqual([]);
  expect((await caller.facts.list({})).items).toEqual([]);
  const traces = await api.database.asOwner(async (owner) => {
    const tables = await owner<{ name: string }[]>`select c.relname as name from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id' where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'`;
    const found: string[] = [];
    await owner.begin(async (tx) => {
      await tx.unsafe(`select set_config('app.user_id', '${userId}', true), set_config('role', 'mema_app', true)`);
      for (const { name } of tables.filter((table) => !["api_keys", "sessions", "invites"].includes(table.name))) {
        const rows = await tx.unsafe(`select 1 from "${name}" t where t::text ilike '%dima%' or t::text ilike '%climb%'`);
        if (rows.length > 0) found.push(name);
      }
    });
    return found;
  });
  expect(traces).toEqual([]);
});

test("only what a user said is read for requests", async () => {
  const { caller } = await api.createUser(berlin);
  const { understood } = await caller.messages.send({ text: "Remember that the sky is green", role: "bot" });
  expect(understood).toEqual([]);
  expect((await caller.facts.list({})).items).toEqual([]);
});

test("more than the hourly number of messages is refused with the time to wait, and not stored", async () => {
  const limited = await createTestApi({ limits: { messagesPerHour: 2 } });
  try {
    const { caller } = await limited.createUser();
    await caller.messages.send({ text: "one" });
    await caller.messages.send({ text: "two" });
    await expect(caller.messages.send({ text: "three" })).rejects.toMatchObject({
      code: "TOO_MANY_REQUESTS",
      cause: { issues: [{ limit: 2 }] },
    });
    expect((await caller.messages.list({})).items).toHaveLength(2);
    expect((await caller.messages.ingest({ messages: [{ text: "from the past" }] })).created).toBe(1);
  } finally {
    await limited.close();
  }
});
