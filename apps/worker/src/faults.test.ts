import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemaClient, type MemaClient } from "@mema/api/client";
import { createTestDatabase, faultOptions, testEnvironment, type TestDatabase } from "@mema/db/testing";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { freePort, keys, type Message, Receiver, type Running, startServer, startWorker } from "./testing/processes.ts";
import { TcpProxy } from "./testing/tcp-proxy.ts";

/* Real processes and real signals. Nothing here waits for a time to pass: each step waits for what it needs to see. */

const receiver = new Receiver();
const running: Running[] = [];
let postgres: TestDatabase | null = null;
let folder: string;
let port: number;
let server: Running;
let client: MemaClient;
let channelId: string;

const databaseOf = (): Record<string, string> =>
  postgres?.ownerUrl == null ? { MEMA_DATA_DIR: folder } : { DATABASE_URL: postgres.ownerUrl, MEMA_DATA_DIR: folder };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mema-faults-"));
  if (testEnvironment.engine === "postgres") postgres = await createTestDatabase();
  port = await freePort();
  server = await startServer(port, databaseOf());
  client = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_BOOTSTRAP_KEY });
  channelId = (await client.channels.create.mutate({ type: "webhook", url: await receiver.start() })).id;
}, 120_000);
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.kill()));
  receiver.reset();
});
afterAll(async () => {
  receiver.stop();
  await server.kill();
  await postgres?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function worker(environment: Record<string, string> = {}): Promise<Running> {
  const started = await startWorker(port, environment);
  running.push(started);
  return started;
}

const remind = (title: string, inSeconds = 1) => client.reminders.create.mutate({ title, in: `PT${inSeconds}S`, channelIds: [channelId] });
const deliveriesOf = async (reminderId: string) => (await client.reminders.deliveries.query({ reminderId })).items;
const attemptsOf = async (deliveryId: string) =>
  (await client.reminders.attempts.query({ deliveryId })).items.map(({ outcome }) => outcome);
const has = (title: string) => (messages: readonly Message[]) => messages.some(({ body }) => body.data.reminder?.title === title);
const drained = async (started: Running) => {
  started.signal("SIGTERM");
  return started.exited;
};

test("a worker killed before anything was due loses nothing: another delivers", faultOptions, async () => {
  await (await worker()).kill();
  const reminder = await remind("after a kill");
  const second = await worker();
  await receiver.until(has("after a kill"));
  expect(await drained(second)).toBe(0);
  expect(await deliveriesOf(reminder.id)).toMatchObject([{ status: "delivered", attempts: 1 }]);
});

test(
  "a worker killed before its message was handed over: another sends it once the lease is over, once, and the first try is unknown",
  faultOptions,
  async () => {
    const { proxy, url } = await TcpProxy.to(receiver.url);
    const { id: through } = await client.channels.create.mutate({ type: "webhook", url });
    const connected = proxy.goDark();
    const first = await worker();
    const reminder = await client.reminders.create.mutate({ title: "before the send", in: "PT1S", channelIds: [through] });
    await connected;
    await first.kill();
    expect(receiver.messages).toEqual([]);
    proxy.goLight();
    const second = await worker();
    await receiver.until(has("before the send"));
    expect(await drained(second)).toBe(0);
    expect(receiver.messages).toHaveLength(1);
    const [delivery] = await deliveriesOf(reminder.id);
    expect(delivery).toMatchObject({ status: "delivered", attempts: 2 });
    expect(await attemptsOf(delivery?.id ?? "")).toEqual(["unknown", "sent"]);
    proxy.close();
    await client.channels.delete.mutate({ id: through });
  },
);

test(
  "a worker killed between the send and its report: sent again under the same id once the lease is over, and said to be unknown before",
  faultOptions,
  async () => {
    const first = await worker();
    receiver.answer = () => {};
    const reminder = await remind("between send and report");
    await receiver.until((messages) => messages.length === 1);
    await first.kill();
    receiver.answer = (_message, response) => response.writeHead(200).end();
    const second = await worker();
    await receiver.until((messages) => messages.length === 2);
    expect(await drained(second)).toBe(0);
    const [delivery] = await deliveriesOf(reminder.id);
    expect(new Set(receiver.messages.map(({ id }) => id))).toEqual(new Set([delivery?.id]));
    expect(delivery).toMatchObject({ status: "delivered", attempts: 2 });
    expect(await attemptsOf(delivery?.id ?? "")).toEqual(["unknown", "sent"]);
  },
);

test("a worker that was stopped past its lease and goes on changes nothing", faultOptions, async () => {
  const zombie = await worker();
  const held: ServerResponse[] = [];
  receiver.answer = (_message, response) => held.push(response);
  const reminder = await remind("zombie");
  await receiver.until((messages) => messages.length === 1);
  zombie.signal("SIGSTOP");
  receiver.answer = (_message, response) => response.writeHead(200).end();
  const second = await worker();
  await receiver.until((messages) => messages.length === 2);
  expect(await drained(second)).toBe(0);
  for (const response of held) response.writeHead(200).end();
  zombie.signal("SIGCONT");
  expect(await drained(zombie)).toBe(0);
  const [delivery] = await deliveriesOf(reminder.id);
  expect(delivery).toMatchObject({ status: "delivered", attempts: 2 });
  expect(await attemptsOf(delivery?.id ?? "")).toEqual(["unknown", "sent"]);
});

test("SIGTERM with 50 sends in flight: all end, all are settled, exit 0", faultOptions, async () => {
  const held: ServerResponse[] = [];
  receiver.answer = (_message, response) => held.push(response);
  for (let message = 0; message < 50; message += 1) await client.channels.test.mutate({ id: channelId });
  const draining = await worker();
  await receiver.until((messages) => messages.length === 50);
  draining.signal("SIGTERM");
  await draining.printed("stopping: finishing what is in flight");
  for (const response of held) response.writeHead(200).end();
  expect(await draining.exited).toBe(0);
  const { items } = await client.reminders.deliveries.query({ channelId, limit: 100 });
  const sent = new Set(receiver.messages.map(({ id }) => id));
  expect(items.filter(({ id }) => sent.has(id)).every(({ status }) => status === "delivered")).toBe(true);
});

test("SIGTERM twice ends it at once with exit 1, and another worker sends what was cut off", faultOptions, async () => {
  receiver.answer = () => {};
  const { deliveryId } = await client.channels.test.mutate({ id: channelId });
  const impatient = await worker();
  await receiver.until((messages) => messages.length === 1);
  impatient.signal("SIGTERM");
  await impatient.printed("stopping: finishing what is in flight");
  impatient.signal("SIGTERM");
  expect(await impatient.exited).toBe(1);
  receiver.answer = (_message, response) => response.writeHead(200).end();
  const second = await worker();
  await receiver.until((messages) => messages.length === 2);
  expect(await drained(second)).toBe(0);
  expect(receiver.messages.every(({ id }) => id === deliveryId)).toBe(true);
});

test.each(["-3600000", "3600000"])(
  "a worker whose clock is wrong by %s ms delivers on time all the same",
  faultOptions,
  async (wrongBy) => {
    const shift = `const now = Date.now; Date.now = () => now() + ${wrongBy}; globalThis.Date = class extends Date { constructor(...a) { super(...(a.length === 0 ? [now() + ${wrongBy}] : a)); } };`;
    const wrong = await worker({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift)}` });
    const reminder = await remind("wrong clock", 2);
    await receiver.until(has("wrong clock"));
    expect(await drained(wrong)).toBe(0);
    const [delivery] = await deliveriesOf(reminder.id);
    const lateMs = new Date(delivery?.settledAt ?? 0).getTime() - new Date(delivery?.dueAt ?? 0).getTime();
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(60_000);
  },
);

test(
  "server and worker killed with a reminder ahead: after a restart it is delivered, and nothing acknowledged is lost",
  faultOptions,
  async () => {
    const doomed = await worker();
    const reminder = await remind("over a restart", 2);
    await Promise.all([server.kill(), doomed.kill()]);
    server = await startServer(port, databaseOf());
    await worker();
    await receiver.until(has("over a restart"));
    expect((await deliveriesOf(reminder.id)).length).toBe(1);
  },
);

test(
  "a user who deletes the account while a message is sent: nothing is left, and the worker goes on with others",
  faultOptions,
  async () => {
    const admin = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_ADMIN_KEY });
    const { apiKey } = await admin.users.create.mutate({});
    const leaving = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey });
    const theirs = await leaving.channels.create.mutate({ type: "webhook", url: receiver.url });
    const held: ServerResponse[] = [];
    receiver.answer = (_message, response) => held.push(response);
    const busy = await worker();
    await leaving.reminders.create.mutate({ title: "for nobody", in: "PT1S", channelIds: [theirs.id] });
    await receiver.until(has("for nobody"));
    await leaving.users.delete.mutate({ confirm: "delete everything" });
    await expect(leaving.users.me.query()).rejects.toMatchObject({ data: { code: "UNAUTHORIZED" } });
    receiver.answer = (_message, response) => response.writeHead(200).end();
    for (const response of held) response.writeHead(200).end();
    const mine = await remind("for who stays");
    await receiver.until(has("for who stays"));
    expect(await drained(busy)).toBe(0);
    expect(await deliveriesOf(mine.id)).toMatchObject([{ status: "delivered", attempts: 1 }]);
    expect(receiver.messages).toHaveLength(2);
    expect(await admin.worker.stats.query()).toMatchObject({ due: 0, inFlight: 0 });
  },
);

test.each([2, 8])(
  "%i worker processes on what is due at once: each message is claimed once and sent once",
  { ...faultOptions, timeout: 300_000 },
  async (workers) => {
    const count = testEnvironment.scale === "full" ? 10_000 : 300;
    const admin = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_ADMIN_KEY });
    const { id } = await client.channels.create.mutate({ type: "log" });
    for (let made = 0; made < count; made += 100) {
      await Promise.all(Array.from({ length: 100 }, () => client.channels.test.mutate({ id })));
    }
    await Promise.all(Array.from({ length: workers }, () => worker({ MEMA_WORKER_LEASE_SECONDS: "60" })));
    await vi.waitFor(async () => expect(await admin.worker.stats.query()).toMatchObject({ due: 0, inFlight: 0 }), {
      timeout: 240_000,
      interval: 200,
    });
    expect(await Promise.all(running.map(drained))).toEqual(running.map(() => 0));
    const counted = new Map<string, number>();
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await client.reminders.deliveries.query({ channelId: id, limit: 100, ...(cursor === undefined ? {} : { cursor }) });
      for (const { status, attempts } of page.items) counted.set(`${status} ${attempts}`, (counted.get(`${status} ${attempts}`) ?? 0) + 1);
      cursor = page.nextCursor;
    }
    expect(Object.fromEntries(counted)).toEqual({ "delivered 1": count });
    const sends = running.map(({ output }) => output.split("\n").filter((line) => line.includes('"msg":"delivery"')).length);
    expect(sends.reduce((sum, sent) => sum + sent, 0)).toBe(count);
    await client.channels.delete.mutate({ id });
  },
);

test("a worker outlives its server: it goes on when the server is back", faultOptions, async () => {
  const patient = await worker();
  await server.kill();
  await patient.printed("the server cannot be reached; trying again");
  server = await startServer(port, databaseOf());
  await remind("after the outage");
  await receiver.until(has("after the outage"));
  expect(await drained(patient)).toBe(0);
});

test("a worker with another key says so and exits 1", faultOptions, async () => {
  const refused = await startWorker(port, { MEMA_SERVICE_KEY: keys.MEMA_ADMIN_KEY });
  running.push(refused);
  await refused.printed("The server refuses this service key.");
  expect(await refused.exited).toBe(1);
});

test.skipIf(testEnvironment.engine !== "postgres")(
  "10 ends of the database's connections in mid-batch lose nothing",
  { ...faultOptions, timeout: 90_000 },
  async () => {
    const expected: string[] = [];
    for (let message = 0; message < 200; message += 1) expected.push((await client.channels.test.mutate({ id: channelId })).deliveryId);
    let cuts = 0;
    let cut: Promise<unknown> = Promise.resolve();
    receiver.answer = (_message, response) => {
      response.writeHead(200).end();
      if (receiver.messages.length % 10 !== 0 || cuts >= 10) return;
      cuts += 1;
      cut = cut.then(() =>
        postgres?.asOwner((owner) =>
          owner.unsafe(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usename like 'mema_%'",
          ),
        ),
      );
    };
    const survivor = await worker();
    await receiver.until((messages) => expected.every((id) => messages.some((message) => message.id === id)));
    await cut;
    expect(cuts).toBe(10);
    expect(await drained(survivor)).toBe(0);
  },
);
