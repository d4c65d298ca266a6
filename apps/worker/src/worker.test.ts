import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createCaller, createContext } from "@mema/api";
import { withWorker } from "@mema/db";
import { createTestApi, serviceKey, type TestApi } from "@mema/api/testing";
import { sql } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createChannels } from "./channels/index.ts";
import { Worker } from "./worker.ts";
import type { CallOptions, WorkerApi } from "./worker-api.ts";

interface Received {
  id: string;
  body: string;
  headers: Record<string, string>;
}

let api: TestApi;
let receiver: Server;
let hookUrl: string;
let received: Received[];
let respond: (message: Received, response: ServerResponse) => void;
let wake: () => void;
const workers: Worker[] = [];
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

beforeAll(async () => {
  api = await createTestApi();
  receiver = createServer((request: IncomingMessage, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const message = { id: headers["webhook-id"] ?? "", body, headers };
      if (body.includes("channel.verify")) return response.writeHead(204).end();
      received.push(message);
      respond(message, response);
      return wake();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  hookUrl = `http://127.0.0.1:${address.port}/hook`;
});
beforeEach(() => {
  received = [];
  respond = (_message, response) => response.writeHead(200).end();
  wake = () => {};
});
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop(0))));
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await api.close();
});

/** Resolves when `condition` holds; it is looked at whenever a message arrives. */
function until(condition: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  wake = () => {
    if (condition()) resolve();
  };
  wake();
  return promise;
}

/** The same surface as over HTTP, in this process. */
function inProcess(): WorkerApi {
  const as = ({ signal }: CallOptions = {}) =>
    createCaller(createContext(api.services, { credential: serviceKey, ...(signal === undefined ? {} : { signal }) })).worker;
  return {
    expand: (input, options) => as(options).expand(input ?? {}),
    claim: (input, options) => as(options).claim(input),
    begin: (input, options) => as(options).begin(input),
    heartbeat: (input, options) => as(options).heartbeat(input),
    complete: (input, options) => as(options).complete(input),
    fail: (input, options) => as(options).fail(input),
    release: (input, options) => as(options).release(input),
    wait: (input, options) => as(options).wait(input),
    leave: (input, options) => as(options).leave(input),
    reap: (input, options) => as(options).reap(input ?? {}),
  };
}

function startWorker(options: { leaseSeconds?: number; concurrency?: number } = {}): Worker {
  const worker = new Worker({ api: inProcess(), channels: createChannels(silent), log: silent, ...options });
  workers.push(worker);
  void worker.run();
  return worker;
}

async function userWithWebhook() {
  const user = await api.createUser();
  const channel = await user.caller.channels.create({ type: "webhook", url: hookUrl });
  return { ...user, channel, secret: channel.secret ?? "" };
}

test("a reminder arrives signed at the webhook, once, and is settled", async () => {
  const { caller, channel, secret } = await userWithWebhook();
  const worker = startWorker();
  const reminder = await caller.reminders.create({ title: "Buy a gift", in: "PT1S", channelIds: [channel.id] });
  await until(() => received.length === 1);
  const [message] = received;
  expect(new Webhook(secret).verify(message?.body ?? "", message?.headers ?? {})).toMatchObject({
    type: "reminder.fired",
    data: { reminder: { id: reminder.id, title: "Buy a gift" }, lateBySeconds: 0, missedBefore: 0 },
  });
  await worker.stop();
  expect(received).toHaveLength(1);
  const { items } = await caller.reminders.deliveries({ reminderId: reminder.id });
  expect(items).toMatchObject([{ id: message?.id, status: "delivered", attempts: 1 }]);
  expect(await caller.reminders.byId({ id: reminder.id })).toMatchObject({ status: "completed", firedCount: 1 });
});

test("two workers deliver 300 due messages of three users once each", async () => {
  for (let user = 0; user < 3; user += 1) {
    const { caller, channel } = await userWithWebhook();
    for (let message = 0; message < 100; message += 1) await caller.channels.test({ id: channel.id });
  }
  startWorker({ concurrency: 20 });
  startWorker({ concurrency: 20 });
  await until(() => received.length >= 300);
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  expect(received).toHaveLength(300);
  expect(new Set(received.map(({ id }) => id)).size).toBe(300);
  expect(await api.admin.worker.stats()).toMatchObject({ due: 0, inFlight: 0 });
});

test("stopping lets what is in flight end and be settled, and takes nothing new", async () => {
  const { caller, channel } = await userWithWebhook();
  const held: ServerResponse[] = [];
  respond = (_message, response) => held.push(response);
  for (let message = 0; message < 50; message += 1) await caller.channels.test({ id: channel.id });
  const worker = startWorker({ concurrency: 50 });
  await until(() => held.length === 50);
  const stopped = worker.stop();
  const late = await caller.channels.test({ id: channel.id });
  for (const response of held) response.writeHead(200).end();
  await stopped;
  const { items } = await caller.reminders.deliveries({ channelId: channel.id, limit: 100 });
  expect(items.filter(({ status }) => status === "delivered")).toHaveLength(50);
  expect(items.find(({ id }) => id === late.deliveryId)).toMatchObject({ status: "pending", attempts: 0 });
});

test("stopping without patience ends running sends, and their outcome is said to be unknown", async () => {
  const { caller, channel } = await userWithWebhook();
  respond = () => {};
  const { deliveryId } = await caller.channels.test({ id: channel.id });
  const worker = startWorker();
  await until(() => received.length === 1);
  await worker.stop(0);
  expect((await caller.reminders.attempts({ deliveryId })).items).toMatchObject([{ outcome: "unknown", error: "aborted" }]);
});

test("a send ends when its lease is lost, and its late end changes nothing", async () => {
  const { caller, channel } = await userWithWebhook();
  const closed = Promise.withResolvers<void>();
  respond = (_message, response) => response.once("close", () => closed.resolve());
  const { deliveryId } = await caller.channels.test({ id: channel.id });
  const worker = startWorker({ leaseSeconds: 5 });
  await until(() => received.length === 1);
  await withWorker(api.services.db, (tx) =>
    tx.execute(sql`update reminder_deliveries set lease_token = gen_random_uuid() where id = ${deliveryId}`),
  );
  await closed.promise;
  await worker.stop();
  expect((await caller.reminders.attempts({ deliveryId })).items).toEqual([]);
});

test("one endpoint that fails does not keep another user's messages", async () => {
  const bad = await userWithWebhook();
  const good = await userWithWebhook();
  const badIds = new Set<string>();
  for (let message = 0; message < 20; message += 1) badIds.add((await bad.caller.channels.test({ id: bad.channel.id })).deliveryId);
  respond = ({ id }, response) => response.writeHead(badIds.has(id) ? 500 : 200).end();
  const { deliveryId } = await good.caller.channels.test({ id: good.channel.id });
  const worker = startWorker();
  await until(() => received.some(({ id }) => id === deliveryId));
  await worker.stop();
  expect((await good.caller.reminders.deliveries({ channelId: good.channel.id })).items).toMatchObject([{ status: "delivered" }]);
});
