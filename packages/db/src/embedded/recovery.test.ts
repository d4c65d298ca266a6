import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { dumpTemplate, type EmbeddedEngine, openEmbeddedEngine } from "./engine.ts";

/** Nested far deeper than the thread's stack: ends the thread in the middle of the statement. */
const crash = `select repeat('[', 20000000)::json`;

let template: Uint8Array;

beforeAll(async () => {
  const engine = await openEmbeddedEngine({ dataDir: null });
  template = await dumpTemplate(engine);
  await engine.close();
});

function connect(engine: EmbeddedEngine): postgres.Sql {
  const sql = postgres({ ...engine.connection, max: 1, onnotice: () => undefined });
  onTestFinished(() => sql.end({ timeout: 0 }));
  return sql;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mema-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("starts again by itself, with what was committed, when a statement ends its thread", async () => {
  const engine = await openEmbeddedEngine({ dataDir: temporaryFolder(), template });
  const sql = connect(engine);
  await sql`create table notes as select 'committed' as body`;
  await expect(sql.unsafe(crash)).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  await engine.ready();
  expect(await connect(engine)`select body from notes`).toEqual([{ body: "committed" }]);
  await engine.close();
});

test("leaves nothing that keeps the process alive after close(), also when a crash and a restart() meet", async () => {
  const script = fileURLToPath(new URL("./testing/crash-restart-close.ts", import.meta.url));
  const dataDir = temporaryFolder();
  await (await openEmbeddedEngine({ dataDir, template })).close();
  const child = spawn(process.execPath, [script, dataDir, crash], { stdio: "inherit", timeout: 50_000 });
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("says that it is gone for good when a thread with a database in memory ends", async () => {
  const engine = await openEmbeddedEngine({ dataDir: null, template });
  await expect(connect(engine).unsafe(crash)).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  expect(await engine.fatal).toMatchObject({
    code: "UNAVAILABLE",
    message: "The embedded database in memory ended, and its data with it.",
  });
  await expect(engine.ready()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await engine.close();
});

test("makes a database anew whose making was killed", async () => {
  const dataDir = temporaryFolder();
  mkdirSync(join(dataDir, "postgres"));
  writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "18\n");
  writeFileSync(join(dataDir, "postgres.unfinished"), "");
  const engine = await openEmbeddedEngine({ dataDir, template });
  expect(await connect(engine)`select 1 as one`).toEqual([{ one: 1 }]);
  expect(existsSync(join(dataDir, "postgres.unfinished"))).toBe(false);
  await engine.close();
});

test("names the folder, and frees it, when the database in it does not start", async () => {
  const dataDir = temporaryFolder();
  mkdirSync(join(dataDir, "postgres"));
  writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "18\n");
  const opening = openEmbeddedEngine({ dataDir });
  await expect(opening).rejects.toMatchObject({ code: "UNAVAILABLE", message: `The embedded database in ${dataDir} did not start.` });
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});
