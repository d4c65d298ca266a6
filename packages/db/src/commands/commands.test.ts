import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { withUser, withWorker } from "../connection/access.ts";
import { createDbClient } from "../connection/client.ts";
import { hashToken } from "../credentials.ts";
import { openEmbeddedEngine } from "../embedded/engine.ts";
import { createIsolationProofRepository } from "../isolation-proofs.repository.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { apiKeys, facts, messages, reminders } from "../schema/index.ts";
import { createBlankOn } from "../testing/blank-database.ts";
import { testEnvironment } from "../testing/env.ts";
import { demoUserId } from "./seed-story.ts";

type Variables = Record<string, string>;

/** Runs a command in a process of its own with these variables and no others that name a database. */
async function run(command: string, variables: Variables, ...parameters: string[]) {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [fileURLToPath(new URL(`${command}.ts`, import.meta.url)), ...parameters], {
    env: { PATH, HOME, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const lines = output.trim().split("\n");
  return { code: Number(code), output, errors, last: lines.at(-1) ?? "" };
}

let variables: Variables;
let clientFor: () => Parameters<typeof createDbClient>[0];
let cleanUp: () => Promise<void>;
beforeAll(async () => {
  const clusterUrl = inject("ownerUrl");
  if (testEnvironment.engine === "postgres" && clusterUrl !== null) {
    const database = await createBlankOn(clusterUrl);
    variables = { DATABASE_URL: database.connection };
    clientFor = () => deriveRuntimeUrls(database.connection);
    cleanUp = () => database.close();
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "mema-commands-"));
  variables = { MEMA_DATA_DIR: folder };
  clientFor = () => `embedded:${folder}`;
  cleanUp = async () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => cleanUp());

describe("on a database that nobody has migrated, in the order a newcomer runs them", { timeout: 120_000 }, () => {
  test("db:check passes on a new embedded folder, and on PostgreSQL names the missing migrations", async () => {
    const { code, last } = await run("check", variables, "--json");
    const report = JSON.parse(last) as { ok: boolean; catalog: { rule: string }[]; proof: { violations: number }[] };
    if (testEnvironment.engine === "embedded") {
      expect({ code, ok: report.ok, catalog: report.catalog }).toEqual({ code: 0, ok: true, catalog: [] });
      expect(report.proof.map(({ violations }) => violations)).toEqual(Array.from({ length: 28 }, () => 0));
    } else {
      expect({ code, ok: report.ok, rules: report.catalog.map(({ rule }) => rule) }).toEqual({ code: 1, ok: false, rules: ["migrated"] });
    }
  });

  test("db:migrate migrates, and db:check then passes and keeps its result for the operator", async () => {
    expect(await run("migrate", variables)).toMatchObject({ code: 0, output: expect.stringMatching(/^Migrated .*\.\n$/) });
    const { code, last } = await run("check", variables, "--json");
    expect({ code, report: JSON.parse(last) }).toMatchObject({ code: 0, report: { ok: true, catalog: [] } });
    const db = createDbClient(clientFor());
    const kept = await withWorker(db, (tx) => createIsolationProofRepository(tx).last());
    await db.close();
    expect(kept).toMatchObject({ ok: true, engine: testEnvironment.engine, findings: 0 });
    expect(kept?.rules).toBeGreaterThan(30);
    expect(kept?.proof.map(({ property, violations }) => [property, violations])).toEqual(
      Array.from({ length: 28 }, (_, index) => [`I${index + 1}`, 0]),
    );
  });

  test("db:seed stores the demo user once, and each time shows a key that works", async () => {
    const first = await run("seed", variables);
    const second = await run("seed", variables);
    expect([first.code, second.code, first.errors, second.errors]).toEqual([0, 0, "", ""]);
    expect(first.output).toContain(`User: ${demoUserId}`);
    const keys = [first, second].map(({ last }) => hashToken(last.replace("API key: ", "")));
    const db = createDbClient(clientFor());
    const seen = await withUser(db, demoUserId, async (tx) => ({
      messages: await tx.$count(messages, eq(messages.userId, tx.userId)),
      facts: await tx.$count(facts, eq(facts.userId, tx.userId)),
      reminders: await tx.select({ next: reminders.nextOccurrenceAt }).from(reminders),
      keys: await tx.select({ revokedAt: apiKeys.revokedAt }).from(apiKeys),
    }));
    await db.close();
    expect(new Set(keys).size).toBe(2);
    expect({ ...seen, reminders: seen.reminders.length }).toMatchObject({ messages: 3, facts: 3, reminders: 2 });
    expect(seen.reminders.every(({ next }) => next !== null)).toBe(true);
    expect(seen.keys.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  });

  test("db:reset asks first, then leaves an empty, migrated database", async () => {
    const asked = await run("reset", variables);
    expect(asked).toMatchObject({ code: 1, errors: expect.stringContaining("-- --yes erases") });
    expect(await run("reset", variables, "--yes")).toMatchObject({ code: 0, output: expect.stringContaining("Erased and made again") });
    expect(await run("check", variables, "--json")).toMatchObject({ code: 0 });
    expect((await run("seed", variables)).output).toContain("Stored the demo user");
  });
});

describe.runIf(testEnvironment.engine === "postgres")("with DATABASE_URL", () => {
  test("db:push brings a development database to the schema and keeps every rule", { timeout: 120_000 }, async () => {
    expect(await run("push", variables)).toMatchObject({ code: 0, output: expect.stringContaining("Pushed src/schema") });
    expect(await run("check", variables, "--json")).toMatchObject({ code: 0 });
  });

  test.each([["push"], ["reset", "--yes"]])("db:%s refuses a database on another machine", async (command, ...parameters) => {
    const remote = { DATABASE_URL: "postgres://owner:secret@db.example.com/mema" };
    const { code, errors } = await run(command, remote, ...parameters);
    expect(code).toBe(1);
    expect(errors).toContain("db.example.com is not on this machine");
    expect(errors).not.toContain("secret");
  });

  test("a database that cannot be reached is said so in one line, and --json still ends with an object", async () => {
    const { code, errors, last } = await run("check", { DATABASE_URL: "postgres://owner:secret@127.0.0.1:1/mema" }, "--json");
    expect(code).toBe(1);
    expect(errors).toMatch(/^The database of DATABASE_URL cannot be reached.*\n$/);
    expect(JSON.parse(last)).toMatchObject({ ok: false, catalog: [], proof: [] });
  });

  test("the server's logins without the owner's are no reason to touch the embedded database", async () => {
    const url = "postgres://x@127.0.0.1:1/mema";
    const { code, errors } = await run("migrate", { MEMA_APP_URL: url, MEMA_WORKER_URL: url, MEMA_AUTH_URL: url });
    expect([code, errors]).toEqual([1, expect.stringContaining("need the owner's connection")]);
  });
});

describe.runIf(testEnvironment.engine === "embedded")("with the embedded database", () => {
  test("commands name the process that has it open, and change nothing", { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "mema-busy-"));
    const engine = await openEmbeddedEngine({ dataDir: folder });
    try {
      const refused = [1, expect.stringContaining(`in use by process ${process.pid}`)];
      for (const [command = "", ...parameters] of [["check"], ["migrate"], ["seed"], ["studio"], ["reset", "--yes"]]) {
        const { code, errors } = await run(command, { MEMA_DATA_DIR: folder }, ...parameters);
        expect([command, code, errors]).toEqual([command, ...refused]);
      }
    } finally {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("db:generate finds the migrations up to date", async () => {
    expect(await run("generate", variables)).toMatchObject({ code: 0, output: expect.stringContaining("No schema changes") });
  });

  test("db:push brings the database to the schema, also when nothing changed since", async () => {
    for (const _ of [1, 2]) {
      expect(await run("push", variables)).toMatchObject({ code: 0, output: expect.stringContaining("Pushed src/schema") });
    }
  });
});
