import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { dumpTemplate, type EmbeddedEngine, openEmbeddedEngine } from "./engine.ts";

let template: Uint8Array;

beforeAll(async () => {
  const engine = await openEmbeddedEngine({ dataDir: null });
  const sql = connect(engine);
  await sql`create extension vector`;
  await sql`create table notes (id int primary key, body text)`;
  await sql`create role plain nologin`;
  template = await dumpTemplate(engine);
  await sql.end();
  await engine.close();
});

function connect(engine: EmbeddedEngine): postgres.Sql {
  return postgres({ ...engine.connection, max: 1, onnotice: () => undefined });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mema-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Sends a statement that never ends, and resolves when the database is inside it (it has written a file there). */
async function runEndless(sql: postgres.Sql, dataDir: string): Promise<{ ended: Promise<unknown> }> {
  const ended = sql.unsafe(`do $$ begin copy (select 1) to '/pglite/data/endless'; loop end loop; end $$`).catch((error: unknown) => error);
  await vi.waitUntil(() => existsSync(join(dataDir, "postgres", "endless")), { timeout: 10_000 });
  return { ended };
}

describe("one postgres.js connection with its default options", () => {
  let engine: EmbeddedEngine;
  let sql: postgres.Sql;
  beforeAll(async () => {
    engine = await openEmbeddedEngine({ dataDir: null, template });
    sql = connect(engine);
  });
  afterAll(async () => {
    await sql.end();
    await engine.close();
  });

  test("keeps jsonb, arrays and vectors as they were given", async () => {
    const [row] = await sql`select ${sql.json({ a: [1, null] })}::jsonb as j, ${["x", "y,z"]}::text[] as a, ${"[1,2.5,3]"}::vector(3) as v`;
    expect(row).toEqual({ j: { a: [1, null] }, a: ["x", "y,z"], v: "[1,2.5,3]" });
  });

  test("answers pipelined statements each with its own result, errors among them", async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => (n % 10 === 3 ? sql`select ${n} / 0 as n` : sql`select ${n}::int as n`)),
    );
    const expected = Array.from({ length: 300 }, (_, n) =>
      n % 10 === 3 ? { status: "rejected", reason: { code: "22012" } } : { status: "fulfilled", value: [{ n }] },
    );
    expect(answers).toMatchObject(expected);
  });

  test("runs pipelined transactions one after the other", async () => {
    await sql`create table counter (n int)`;
    await sql`insert into counter values (0)`;
    await Promise.all(
      Array.from({ length: 100 }, () =>
        sql.begin(async (tx) => {
          const [row] = await tx<{ n: number }[]>`select n from counter`;
          await tx`update counter set n = ${(row?.n ?? Number.NaN) + 1}`;
        }),
      ),
    );
    expect(await sql`select n from counter`).toEqual([{ n: 100 }]);
  });

  test("takes a parameter of 20 MB and returns one", async () => {
    const [row] = await sql<{ body: string }[]>`select ${"é".repeat(10_000_000)}::text as body`;
    expect(row?.body.length).toBe(10_000_000);
  });

  test("rolls back to a savepoint and goes on after its error", async () => {
    await sql.begin(async (tx) => {
      await tx`insert into notes values (1, 'kept')`;
      await expect(tx.savepoint((inner) => inner`insert into notes values (1, 'twice')`)).rejects.toMatchObject({ code: "23505" });
      await tx`insert into notes values (2, 'kept too')`;
    });
    expect(await sql`select id from notes order by id`).toEqual([{ id: 1 }, { id: 2 }]);
  });
});

describe("a folder", () => {
  test("keeps what was committed over close and reopen", async () => {
    const dataDir = temporaryFolder();
    const first = await openEmbeddedEngine({ dataDir, template });
    const before = connect(first);
    await before`insert into notes values (1, 'still here')`;
    await before.end();
    await first.close();

    const second = await openEmbeddedEngine({ dataDir });
    const after = connect(second);
    expect(await after`select body from notes`).toEqual([{ body: "still here" }]);
    await after.end();
    await second.close();
  });

  test("is served again after restart() ended an endless statement", async () => {
    const dataDir = temporaryFolder();
    const engine = await openEmbeddedEngine({ dataDir, template });
    const sql = connect(engine);
    await sql`insert into notes values (1, 'committed')`;
    const { ended } = await runEndless(sql, dataDir);
    await engine.restart();
    expect(await ended).toMatchObject({ code: "CONNECTION_CLOSED" });
    expect(await sql`select body from notes`).toEqual([{ body: "committed" }]);
    await sql.end();
    await engine.close();
  });

  test("is closed, and free for the next engine, also when a statement never ends", async () => {
    const dataDir = temporaryFolder();
    const engine = await openEmbeddedEngine({ dataDir, template });
    const sql = connect(engine);
    const { ended } = await runEndless(sql, dataDir);
    await engine.close();
    expect(await ended).toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(engine.ready()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    // Without a timeout, postgres.js waits for ever for a connection that died with a statement on it.
    await sql.end({ timeout: 0 });
    await (await openEmbeddedEngine({ dataDir })).close();
  });
});
