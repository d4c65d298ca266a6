import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedEngine, reminders, runMigrations, withUser } from "@mema/db";
import { faultOptions, testEnvironment } from "@mema/db/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome } from "./testing/server-process.ts";

const embedded = testEnvironment.engine === "embedded";
let home: ServerHome;
beforeEach(async () => {
  home = await createServerHome();
});
afterEach(() => home.remove());

test("the first start prints addresses and keys that work; the second prints no key; the keys file is its owner's alone", async () => {
  const first = await home.start();
  expect(first.output()).toMatch(/^Mema is ready\.$/m);
  expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(first.apiKey).toMatch(/^mema_[\w-]{43}$/);
  expect(first.adminKey).toMatch(/^mema_admin_[\w-]{43}$/);
  const file = join(home.dataDir, "keys.json");
  expect(first.output()).toContain(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { apiKey, adminKey } = first;
  const me = dataOf(await call(first.url, "users.me", undefined, { key: apiKey ?? "", method: "GET" }));
  const created = dataOf(await call(first.url, "users.create", { timezone: "Asia/Tokyo" }, { key: adminKey ?? "" }));
  expect(created["userId"]).not.toBe(me["id"]);
  expect(await first.end("SIGTERM")).toBe(0);

  const second = await home.start();
  expect(second.output()).not.toMatch(/key: |mema_[\w-]{20}|mema_admin/);
  expect(dataOf(await call(second.url, "users.me", undefined, { key: apiKey ?? "", method: "GET" }))["id"]).toBe(me["id"]);
  expect(dataOf(await call(second.url, "users.me", undefined, { key: String(created["apiKey"]), method: "GET" }))["timezone"]).toBe(
    "Asia/Tokyo",
  );
  expect(await second.end("SIGINT")).toBe(0);
});

test("keys from the environment are honoured, never printed, and when all are given no file is written", async () => {
  const keys = {
    MEMA_BOOTSTRAP_KEY: "bootstrap-canary-0123456789",
    MEMA_ADMIN_KEY: "admin-canary-0123456789-0123456789",
    MEMA_SERVICE_KEY: "service-canary-0123456789-012345",
    MEMA_SECRET_KEY: "secret-canary-0123456789-0123456",
  };
  const server = await home.start(keys);
  expect((await call(server.url, "users.me", undefined, { key: keys.MEMA_BOOTSTRAP_KEY, method: "GET" })).status).toBe(200);
  expect((await call(server.url, "users.create", {}, { key: keys.MEMA_ADMIN_KEY })).status).toBe(200);
  expect((await call(server.url, "users.create", {}, { key: keys.MEMA_SERVICE_KEY })).status).toBe(403);
  await server.end("SIGTERM");
  expect(server.output()).not.toContain("canary");
  expect(() => statSync(join(home.dataDir, "keys.json"))).toThrow("ENOENT");
});

test("a first key that its user revoked stays revoked over a restart", async () => {
  const first = await home.start();
  const key = first.apiKey ?? "";
  const { items } = dataOf(await call(first.url, "apiKeys.list", undefined, { key, method: "GET" })) as { items: { id: string }[] };
  expect((await call(first.url, "apiKeys.revoke", { id: items[0]?.id }, { key })).status).toBe(200);
  await first.end("SIGTERM");
  const second = await home.start();
  expect((await call(second.url, "users.me", undefined, { key, method: "GET" })).status).toBe(401);
  expect(second.apiKey).toBeNull();
});

test("wrong settings end the start with exit code 1 and name each variable, never its value", async () => {
  const wrong = { PORT: "banana", MEMA_WORKER: "maybe", MEMA_BOOTSTRAP_KEY: "canary", DATABASE_URL: "canary://not-a-database" };
  const { code, output } = await home.run(wrong);
  expect(code).toBe(1);
  for (const name of Object.keys(wrong)) expect(output).toContain(`  ${name}: `);
  expect(output).not.toContain("canary");
});

test("a database that cannot be reached ends the start with exit code 1 and no password in the words", async () => {
  const { code, output } = await home.run({ DATABASE_URL: "postgres://owner:canary@127.0.0.1:1/none" });
  expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("cannot be reached (ECONNREFUSED): check DATABASE_URL") });
  expect(output).not.toMatch(/canary|^\s+at /m);
});

test("a keys file that was damaged is named, not replaced", async () => {
  writeFileSync(join(home.dataDir, "keys.json"), "{", { mode: 0o600 });
  const { code, output } = await home.run();
  expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining("keys.json") });
  expect(readFileSync(join(home.dataDir, "keys.json"), "utf8")).toBe("{");
});

test("a port that is taken is named", async () => {
  const { url } = await home.start();
  const other = mkdtempSync(join(tmpdir(), "mema-server-"));
  const { code, output } = await home.run({ PORT: new URL(url).port, MEMA_DATA_DIR: other });
  rmSync(other, { recursive: true });
  expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining(`PORT ${new URL(url).port} (EADDRINUSE)`) });
});

test.runIf(embedded)(
  "a second server, or a migration, on the folder of a running one is refused with its pid, by any name of the folder",
  faultOptions,
  async () => {
    const server = await home.start();
    const linked = join(mkdtempSync(join(tmpdir(), "mema-server-")), "link");
    symlinkSync(home.dataDir, linked);
    for (const folder of [home.dataDir, linked]) {
      const { code, output } = await home.run({ MEMA_DATA_DIR: folder });
      expect(output).toContain(`process ${server.pid}`);
      expect(code).toBe(1);
      await expect(runMigrations(`embedded:${folder}`)).rejects.toThrow(`process ${server.pid}`);
    }
    expect((await call(server.url, "users.me", undefined, { key: server.apiKey ?? "", method: "GET" })).status).toBe(200);
    expect(await server.end("SIGTERM")).toBe(0);
    const engine = await openEmbeddedEngine({ dataDir: home.dataDir });
    await engine.close();
  },
);

test("a start with another tz database than the last one computes the reminders anew, in the background", async () => {
  const first = await home.start();
  const key = first.apiKey ?? "";
  const { id: userId } = dataOf(await call(first.url, "users.me", undefined, { key, method: "GET" }));
  const made = dataOf(
    await call(first.url, "reminders.create", { title: "Tea", at: { local: "2030-07-01T09:00:00", tz: "Europe/Berlin" } }, { key }),
  );
  await first.end("SIGTERM");
  const stored = {
    tzdataVersion: "2019a",
    expandFromAt: new Date("2030-07-01T08:00:00Z"),
    nextOccurrenceAt: new Date("2030-07-01T08:00:00Z"),
  };
  await home.withDatabase((db) => withUser(db, String(userId), (tx) => tx.update(reminders).set(stored)));
  const second = await home.start();
  await second.printed(/reminders computed with the new rules of time zones/);
  const moved = dataOf(await call(second.url, "reminders.byId", { id: made["id"] }, { key }));
  expect(moved["next"]).toMatchObject({ at: "2030-07-01T07:00:00.000Z", local: "2030-07-01T09:00:00" });
  await second.end("SIGTERM");
  const versions = await home.withDatabase((db) =>
    withUser(db, String(userId), (tx) => tx.query.reminders.findMany({ columns: { tzdataVersion: true } })),
  );
  expect(versions).toEqual([{ tzdataVersion: process.versions.tz }]);
});
