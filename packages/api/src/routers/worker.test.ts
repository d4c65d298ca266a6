import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { Webhook } from "standardwebhooks";
import { faultOptions } from "@mema/db/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Caller, createTestApi, type TestApi } from "../testing.ts";

let api: TestApi;
let receiver: Server;
let hookUrl: string;
const received: { headers: Record<string, string>; body: string }[] = [];
let answer = 200;

beforeAll(async () => {
  api = await createTestApi();
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      received.push({ headers, body });
      response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  hookUrl = `http://127.0.0.1:${address.port}/hook`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await api.close();
});

const claimAll = async (service: Caller) => {
  await service.worker.expand({});
  const { deliveries } = await service.worker.claim({ workerId: randomUUID() });
  return deliveries.map(({ userId, deliveryId, leaseToken }) => ({ userId, deliveryId, leaseToken }));
};

test("a webhook is verified by a signed message, and its secret is shown once", async () => {
  const { caller } = await api.createUser();
  answer = 204;
  const channel = await caller.channels.create({ type: "webhook", url: hookUrl });
  expect(channel).toMatchObject({ type: "webhook", verification: { verified: true }, disabledAt: null });
  const [verify] = received.splice(0);
  expect(new Webhook(channel.secret ?? "").verify(verify?.body ?? "", verify?.headers ?? {})).toMatchObject({
    type: "channel.verify",
    data: { channelId: channel.id },
  });
  const again = await caller.channels.byId({ id: channel.id });
  expect(JSON.stringify(again)).not.toContain(channel.secret);
  expect(again.verifiedAt).not.toBeNull();
});

test("a webhook that refuses stays unverified, is not used, and can be asked again", async () => {
  const { caller } = await api.createUser();
  answer = 403;
  const channel = await caller.channels.create({ type: "webhook", url: hookUrl });
  expect(channel).toMatchObject({ verifiedAt: null, verification: { verified: false, reason: "http_403" } });
  await expect(caller.reminders.create({ title: "x", in: "PT1H", channelIds: [channel.id] })).rejects.toThrow("is not verified yet");
  answer = 200;
  expect(await caller.channels.verify({ id: channel.id })).toEqual({ verified: true });
  received.splice(0);
});

test("a private address is refused unless the operator allows it", async () => {
  const { caller } = await api.createUser();
  api.services.allowPrivateWebhooks = false;
  await expect(caller.channels.create({ type: "webhook", url: hookUrl })).rejects.toThrow("is a private address");
  api.services.allowPrivateWebhooks = true;
  expect((await caller.channels.list({ type: "webhook" })).items).toEqual([]);
});

test("begin hands out a signed message of the delivery and never the secret", async () => {
  const { caller } = await api.createUser();
  const { id, secret = "" } = await caller.channels.create({ type: "webhook", url: hookUrl });
  received.splice(0);
  const { deliveryId } = await caller.channels.test({ id });
  const leases = await claimAll(api.service);
  const { decisions } = await api.service.worker.begin({ leases });
  const [go] = decisions;
  if (go?.decision !== "go" || go.job.type !== "webhook") throw new Error("nothing to send");
  expect(JSON.stringify(decisions)).not.toContain(secret);
  expect(go.job.headers["webhook-id"]).toBe(deliveryId);
  expect(new Webhook(secret).verify(go.job.body, go.job.headers)).toMatchObject({ type: "channel.test" });
  const ends = leases.map((lease) => ({
    ...lease,
    outcome: "permanent" as const,
    error: "http_410",
    httpStatus: 410,
    disableChannel: true,
  }));
  expect(await api.service.worker.fail({ deliveries: ends })).toEqual({ results: [{ deliveryId, status: "dead" }] });
  expect(await caller.channels.byId({ id })).toMatchObject({ disabledReason: "http_410" });
  expect((await caller.reminders.attempts({ deliveryId })).items).toMatchObject([
    { attempt: 1, outcome: "failed", httpStatus: 410, error: "http_410" },
  ]);
  await expect(caller.reminders.replay({ deliveryId })).rejects.toThrow("The channel is disabled (http_410)");
  const { version } = await caller.channels.byId({ id });
  await caller.channels.update({ id, version, disabled: false });
  expect(await caller.reminders.replay({ deliveryId })).toMatchObject({ status: "pending", attempts: 0 });
});

test("a guessed lease opens nothing: no delivery, no other user's, no other token", async () => {
  const { userId, caller } = await api.createUser();
  const [log] = [await caller.channels.create({ type: "log" })];
  await caller.channels.test({ id: log.id });
  const [lease] = (await claimAll(api.service)).filter((item) => item.userId === userId);
  if (lease === undefined) throw new Error("nothing claimed");
  const other = await api.createUser();
  const guesses = [
    { ...lease, leaseToken: randomUUID() },
    { ...lease, userId: other.userId },
    { ...lease, deliveryId: randomUUID() },
  ];
  const { decisions } = await api.service.worker.begin({ leases: guesses });
  expect(decisions.map(({ decision }) => decision)).toEqual(["lost", "lost", "lost"]);
  const { results } = await api.service.worker.complete({ deliveries: guesses.map((guess) => ({ ...guess, outcome: "sent" as const })) });
  expect(results.map(({ status }) => status)).toEqual(["lost", "lost", "lost"]);
  expect(await api.service.worker.release({ leases: guesses })).toEqual({ released: 0 });
  expect(await api.service.worker.release({ leases: [lease] })).toEqual({ released: 1 });
});

test("the service key opens no user procedure, and a user's key no worker procedure", faultOptions, async () => {
  const { caller } = await api.createUser();
  await expect(api.service.reminders.list({})).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(caller.worker.claim({ workerId: randomUUID() })).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(caller.worker.stats()).rejects.toMatchObject({ code: "FORBIDDEN" });
});

test("wait returns when something new becomes due, and reports who waits", async () => {
  const { caller } = await api.createUser();
  const workerId = randomUUID();
  for (;;) {
    const leases = await claimAll(api.service);
    if (leases.length === 0) break;
    await api.service.worker.complete({ deliveries: leases.map((lease) => ({ ...lease, outcome: "sent" as const })) });
  }
  const waiting = api.service.worker.wait({ workerId, timeoutMs: 20_000 });
  await caller.reminders.create({ title: "now", in: "PT30S" });
  expect(await waiting).toMatchObject({ due: true });
  const stats = await api.admin.worker.stats();
  expect(stats.workers).toMatchObject([{ id: workerId, alive: true }]);
  expect(stats.dueReminders).toBe(1);
});

test("wait ends when the server closes", async () => {
  const other = await createTestApi();
  const closing = new AbortController();
  other.services.closing = closing.signal;
  const waiting = other.callerWith("mema_service_for_tests_only").worker.wait({ workerId: randomUUID(), timeoutMs: 20_000 });
  closing.abort();
  expect(await waiting).toMatchObject({ due: false });
  await other.close();
});

test("a corrected fact moves the reminder before it, and a retracted one cancels it", async () => {
  const { caller } = await api.createUser({ timezone: "Europe/Berlin" });
  const fact = await caller.facts.create({ content: "Dima's birthday is on 14 March", eventDate: "2031-03-14" });
  const reminder = await caller.reminders.create({ title: "Buy a gift", beforeFact: { factId: fact.id, offset: "P3D" } });
  expect(reminder.next?.local).toBe("2031-03-11T09:00:00");
  const { fact: corrected } = await caller.facts.update({
    id: fact.id,
    version: fact.version,
    content: "Dima's birthday is on 15 March",
    eventDate: "2031-03-15",
  });
  expect((await caller.reminders.byId({ id: reminder.id })).next?.local).toBe("2031-03-12T09:00:00");
  await caller.facts.retract({ id: corrected.id, version: corrected.version });
  expect(await caller.reminders.byId({ id: reminder.id })).toMatchObject({
    status: "cancelled",
    statusReason: "anchor_fact_outdated",
    next: null,
  });
});
