import { deriveRuntimeUrls, runMigrations } from "@mema/db";
import { testEnvironment } from "@mema/db/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome } from "./testing/server-process.ts";

let home: ServerHome;
beforeEach(async () => {
  home = await createServerHome();
});
afterEach(() => home.remove());

const get = async (url: string) => {
  const response = await fetch(url);
  const body: unknown = await response.json();
  return { status: response.status, body };
};

/** The settings of production, for a database whose owner is `ownerUrl`. */
function runtimeSettings(ownerUrl: string): Record<string, string> {
  const { app, worker, auth } = deriveRuntimeUrls(ownerUrl);
  return { DATABASE_URL: "", MEMA_APP_URL: app, MEMA_WORKER_URL: worker, MEMA_AUTH_URL: auth };
}

test("a server that can be used says so, and names what it checked", async () => {
  const { url } = await home.start();
  expect(await get(`${url}/livez`)).toEqual({ status: 200, body: { ok: true } });
  const ready = await get(`${url}/readyz`);
  expect(ready).toMatchObject({ status: 200, body: { ok: true, failing: [] } });
  expect((ready.body as { checks: { name: string }[] }).checks.map(({ name }) => name)).toEqual([
    "serving",
    "database",
    "migrations",
    "roles",
  ]);
  expect(await get(`${url}/nothing`)).toMatchObject({ status: 404, body: { error: { data: { code: "NOT_FOUND" } } } });
});

test.runIf(testEnvironment.engine === "postgres")(
  "on a database that is not migrated it lives, is not ready, refuses requests with the reason, and serves once it was migrated",
  async () => {
    const ownerUrl = home.ownerUrl ?? "";
    // The cluster's roles are there, as after any other database of it; this one is empty.
    const { url, apiKey } = await home.start(runtimeSettings(ownerUrl));
    expect(apiKey).toBeNull();
    expect((await get(`${url}/livez`)).status).toBe(200);
    expect(await get(`${url}/readyz`)).toMatchObject({
      status: 503,
      body: { ok: false, failing: [{ name: "migrations", reason: expect.stringContaining("db:migrate") }] },
    });
    const refused = await call(url, "users.me", undefined, { method: "GET", key: "mema_any" });
    expect(refused).toMatchObject({
      status: 503,
      body: { error: { message: expect.stringContaining("db:migrate"), data: { code: "SERVICE_UNAVAILABLE", httpStatus: 503 } } },
    });
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(dataOf(await call(url, "health.check", undefined, { method: "GET" }))["ok"]).toBe(false);

    await runMigrations(ownerUrl);
    expect((await get(`${url}/readyz`)).status).toBe(200);
    expect((await call(url, "users.me", undefined, { method: "GET", key: "mema_any" })).status).toBe(401);
  },
);

test.runIf(testEnvironment.engine === "postgres")(
  "it refuses to start over a login that could pass row-level security by, and names the setting",
  async () => {
    const ownerUrl = home.ownerUrl ?? "";
    await runMigrations(ownerUrl);
    const settings = runtimeSettings(ownerUrl);
    for (const name of ["MEMA_APP_URL", "MEMA_WORKER_URL", "MEMA_AUTH_URL"]) {
      const { code, output } = await home.run({ ...settings, [name]: ownerUrl });
      expect(output).toContain(`${name} connects as ${new URL(ownerUrl).username}`);
      expect(output).toContain("refuses to serve");
      expect(output).not.toContain(new URL(ownerUrl).password);
      expect(code).toBe(1);
    }
  },
);

test("it refuses to start on a database that breaks a rule of isolation, and says which and what to do", async () => {
  if (home.ownerUrl !== null) await runMigrations(home.ownerUrl);
  await home.asOwner("create policy support on facts for select to mema_app using (true)");
  for (const settings of [{}, ...(home.ownerUrl === null ? [] : [runtimeSettings(home.ownerUrl)])]) {
    const { code, output } = await home.run(settings);
    expect(output).toContain("policy_unexpected");
    expect(output).toContain("public.facts.support");
    expect(output).toContain("drop policy support on public.facts");
    expect(code).toBe(1);
  }
  await home.asOwner("drop policy support on facts");
  expect((await get(`${(await home.start()).url}/readyz`)).status).toBe(200);
});

test.runIf(testEnvironment.engine === "postgres")(
  "over the server's own logins it sees each kind of breach: tables, privileges, keys",
  async () => {
    await runMigrations(home.ownerUrl ?? "");
    const settings = runtimeSettings(home.ownerUrl ?? "");
    for (const [rule, breaking, mending] of [
      ["rls_forced", "alter table facts no force row level security", "alter table facts force row level security"],
      ["privilege_excess", "grant truncate on facts to mema_app", "revoke truncate on facts from mema_app"],
      ["unique_tenant", "create unique index facts_content on facts (content)", "drop index facts_content"],
    ] as const) {
      await home.asOwner(breaking);
      const { code, output } = await home.run(settings);
      expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(`breaks rules of isolation (${rule})`) });
      await home.asOwner(mending);
    }
    expect((await get(`${(await home.start(settings)).url}/readyz`)).status).toBe(200);
  },
);

test.runIf(testEnvironment.engine === "postgres")(
  "a database that breaks a rule when a waiting server finds it migrated gets no request",
  async () => {
    const { url } = await home.start(runtimeSettings(home.ownerUrl ?? ""));
    await runMigrations(home.ownerUrl ?? "");
    await home.asOwner("alter table facts no force row level security");
    const reason = expect.stringContaining("(rls_forced)") as string;
    expect(await get(`${url}/readyz`)).toMatchObject({ status: 503, body: { failing: [{ name: "isolation", reason }] } });
    const refused = await call(url, "users.me", undefined, { method: "GET", key: "mema_any" });
    expect(refused).toMatchObject({ status: 503, body: { error: { message: reason } } });
  },
);
