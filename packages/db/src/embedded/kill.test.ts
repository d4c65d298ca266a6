import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { expect, test } from "vitest";
import { openEmbeddedEngine } from "./engine.ts";

const kills = 5;

/** Lets a writer acknowledge `count` transactions, kills it with SIGKILL, and returns the numbers it acknowledged. */
async function writeAndKill(dataDir: string, count: number): Promise<number[]> {
  const script = fileURLToPath(new URL("./testing/acknowledging-writer.ts", import.meta.url));
  const writer = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(writer, "exit");
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) writer.kill("SIGKILL");
  }
  await gone;
  return acknowledged;
}

test(`keeps every acknowledged transaction whole over ${kills} kills in mid-write`, { timeout: 60_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "mema-test-"));
  const created = await openEmbeddedEngine({ dataDir });
  const setup = postgres({ ...created.connection, max: 1 });
  await setup`create table notes (id int primary key, body text)`;
  await setup.end();
  await created.close();

  const acknowledged: number[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    // oxlint-disable-next-line no-await-in-loop -- each kill hits the folder that the one before left
    acknowledged.push(...(await writeAndKill(dataDir, 37 * kill)));
  }

  const engine = await openEmbeddedEngine({ dataDir });
  const sql = postgres({ ...engine.connection, max: 1 });
  const rows = await sql<{ id: number; body: string }[]>`select id, body from notes order by id`;
  const bodies = new Map(rows.map((row) => [row.id, row.body]));
  expect(acknowledged.length).toBeGreaterThanOrEqual(37 * 15);
  expect(acknowledged.filter((id) => bodies.get(id) !== "x".repeat(id % 3000) || bodies.get(id + 1) !== "second half")).toEqual([]);
  expect(rows.filter(({ id, body }) => body !== "second half" && !bodies.has(id + 1))).toEqual([]);
  await sql.end();
  await engine.close();
  rmSync(dataDir, { recursive: true });
});
