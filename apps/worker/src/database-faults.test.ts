import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createMemaClient, type MemaClient } from "@mema/api/client";
import { createDatabase, deriveRuntimeUrls, runMigrations } from "@mema/db";
import { hasPostgresBinaries, type PrivateCluster, startPrivateCluster } from "@mema/db/cluster";
import { faultOptions, testEnvironment } from "@mema/db/testing";
import postgres, { type Sql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort, keys, Receiver, type Running, startServer, startWorker } from "./testing/processes.ts";
import { TcpProxy } from "./testing/tcp-proxy.ts";

/* A PostgreSQL of its own, that can be stopped as by a power cut. Nothing here waits for a time to pass. */

describe.skipIf(testEnvironment.engine !== "postgres" || !hasPostgresBinaries())("a database that fails", () => {
  const receiver = new Receiver();
  const running: Running[] = [];
  let folder: string;
  let cluster: PrivateCluster;
  let ownerUrl: string;
  let owner: Sql;
  let port: number;
  let server: Running;
  let client: MemaClient;
  let channelId: string;

  const environment = (): Record<string, string> => ({ DATABASE_URL: ownerUrl, MEMA_DATA_DIR: folder });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mema-database-faults-"));
    cluster = await startPrivateCluster();
    ownerUrl = await createDatabase(cluster.ownerUrl, "mema_faults");
    await runMigrations(ownerUrl);
    owner = postgres(ownerUrl, { max: 2, onnotice: () => {} });
    port = await freePort();
    server = await startServer(port, environment());
    client = createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey: keys.MEMA_BOOTSTRAP_KEY });
    channelId = (await client.channels.create.mutate({ type: "webhook", url: await receiver.start() })).id;
  }, 120_000);
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.kill()));
    receiver.reset();
  });
  afterAll(async () => {
    receiver.stop();
    await server.kill();
    await owner.end({ timeout: 1 });
    cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const worker = async (): Promise<Running> => {
    const started = await startWorker(port);
    running.push(started);
    return started;
  };
  const drained = async (started: Running) => {
    started.signal("SIGTERM");
    return started.exited;
  };

  test(
    "PostgreSQL is stopped as by a power cut and started again three times in mid-batch: everything arrives, and nothing is left over",
    { ...faultOptions, timeout: 120_000 },
    async () => {
      const expected: string[] = [];
      for (let message = 0; message < 150; message += 1) expected.push((await client.channels.test.mutate({ id: channelId })).deliveryId);
      let cuts = 0;
      receiver.answer = (_message, response) => {
        response.writeHead(200).end();
        if (cuts >= 3 || receiver.messages.length < (cuts + 1) * 40) return;
        cuts += 1;
        cluster.restart("immediate");
      };
      const survivor = await worker();
      await receiver.until((messages) => expected.every((id) => messages.some((message) => message.id === id)));
      expect(cuts).toBe(3);
      expect(await drained(survivor)).toBe(0);
      // What was sent and could not be settled before a cut is sent again under its own id, never under another.
      expect(receiver.messages.every(({ id }) => expected.includes(id))).toBe(true);
    },
  );

  test(
    "PostgreSQL is stopped as by a power cut every 5 to 10 s while reminders fall due: each arrives, and ends as delivered",
    { ...faultOptions, timeout: 240_000 },
    async () => {
      const cuts = testEnvironment.scale === "full" ? 4 : 2;
      const titles = Array.from({ length: cuts * 16 }, (_, index) => `due in ${2 + index / 2} s`);
      const made: string[] = [];
      for (const [index, title] of titles.entries()) {
        const inSeconds = 2 + Math.floor(index / 2);
        made.push((await client.reminders.create.mutate({ title, in: `PT${inSeconds}S`, channelIds: [channelId] })).id);
      }
      const survivors = [await worker(), await worker()];
      // The waits between the cuts are the fault itself.
      for (let cut = 0; cut < cuts; cut += 1) {
        await delay(5_000 + Math.random() * 5_000);
        cluster.restart("immediate");
      }
      await receiver.until((messages) => titles.every((title) => messages.some(({ body }) => body.data.reminder?.title === title)));
      expect(await Promise.all(survivors.map(drained))).toEqual([0, 0]);
      const ids = new Set(receiver.messages.map(({ id }) => id));
      expect(ids.size).toBe(titles.length);
      for (const reminderId of made) {
        const { items } = await client.reminders.deliveries.query({ reminderId });
        expect(items).toMatchObject([{ status: "delivered" }]);
        expect(ids).toContain(items[0]?.id);
        expect(await client.reminders.byId.query({ id: reminderId })).toMatchObject({ status: "completed", firedCount: 1 });
      }
    },
  );

  test(
    "the server is killed in the middle of expanding: afterwards each reminder has its occurrence, its delivery and its message once",
    { ...faultOptions, timeout: 120_000 },
    async () => {
      const titles = Array.from({ length: 20 }, (_, index) => `expanded ${index}`);
      const made: string[] = [];
      await owner.begin(async (holding) => {
        // Occurrences can be written, their deliveries cannot: expansion stops half-way.
        await holding`lock table reminder_deliveries in share mode`;
        for (const title of titles) made.push((await client.reminders.create.mutate({ title, in: "PT1S", channelIds: [channelId] })).id);
        running.push(await startWorker(port));
        for (;;) {
          const [waiting] = await owner`
          select 1 from pg_stat_activity where usename = 'mema_app' and wait_event_type = 'Lock' and query ilike '%into "reminder_deliveries"%'`;
          if (waiting !== undefined) break;
        }
        await server.kill();
      });
      server = await startServer(port, environment());
      await receiver.until((messages) => titles.every((title) => messages.some(({ body }) => body.data.reminder?.title === title)));
      const [survivor] = running;
      if (survivor !== undefined) expect(await drained(survivor)).toBe(0);
      expect(receiver.messages).toHaveLength(titles.length);
      for (const reminderId of made) {
        expect((await client.reminders.history.query({ id: reminderId })).items).toHaveLength(1);
        expect((await client.reminders.deliveries.query({ reminderId })).items).toMatchObject([{ status: "delivered", attempts: 1 }]);
      }
    },
  );

  test(
    "the connection that wake-ups arrive on goes dark without being closed: a reminder fires within 30 s all the same",
    { ...faultOptions, timeout: 120_000 },
    async () => {
      const urls = deriveRuntimeUrls(ownerUrl);
      const { proxy, url } = await TcpProxy.to(urls.app);
      const ownPort = await freePort();
      const listening = await startServer(ownPort, {
        MEMA_DATA_DIR: folder,
        MEMA_APP_URL: urls.app,
        MEMA_WORKER_URL: urls.worker,
        MEMA_AUTH_URL: urls.auth,
        MEMA_LISTEN_URL: url,
      });
      running.push(listening);
      const through = createMemaClient({ url: `http://127.0.0.1:${ownPort}`, apiKey: keys.MEMA_BOOTSTRAP_KEY });
      const waiting = await startWorker(ownPort);
      running.push(waiting);
      const remind = (title: string) => through.reminders.create.mutate({ title, in: "PT1S", channelIds: [channelId] });
      await remind("by a wake-up");
      await receiver.until((messages) => messages.length === 1);
      expect(proxy.connections).toBe(1);
      void proxy.goDark();
      const { id } = await remind("in the dark");
      await receiver.until((messages) => messages.length === 2);
      expect(await drained(waiting)).toBe(0);
      const [delivery] = (await through.reminders.deliveries.query({ reminderId: id })).items;
      const lateMs = new Date(delivery?.settledAt ?? 0).getTime() - new Date(delivery?.dueAt ?? 0).getTime();
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(30_000);
      proxy.close();
    },
  );
});
