import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedEngine, openEmbeddedEngine } from "./engine.ts";

let engine: EmbeddedEngine;
let sql: postgres.Sql;

beforeAll(async () => {
  engine = await openEmbeddedEngine({ dataDir: null, maintenanceIntervalMs: 20 });
  sql = postgres({ ...engine.connection, max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await sql.end();
  await engine.close();
});

async function countedByAnalyze(query: postgres.ISql, table: string): Promise<number | undefined> {
  const [row] = await query<{ n: number }[]>`select reltuples::int as n from pg_class where relname = ${table}`;
  return row?.n;
}

test("analyses tables, but not while a transaction is open", async () => {
  await sql`create table waits (id int)`;
  const { maintained } = await sql.begin(async (tx) => {
    await tx`insert into waits select generate_series(1, 500)`;
    const maintained = engine.maintain();
    for (let statement = 0; statement < 50; statement++) {
      // oxlint-disable-next-line no-await-in-loop -- gaps between statements are what maintenance could slip into
      expect(await countedByAnalyze(tx, "waits")).not.toBe(500);
    }
    return { maintained };
  });
  await maintained;
  await engine.maintain();
  expect(await countedByAnalyze(sql, "waits")).toBe(500);
});

test("leaves the session's role as it was, and covers what that role could not", async () => {
  await sql`create table owned (id int)`;
  await sql`insert into owned select generate_series(1, 300)`;
  await sql`create role plain`;
  await sql`set role plain`;
  await engine.maintain();
  expect(await sql`select current_user as role`).toEqual([{ role: "plain" }]);
  await sql`reset role`;
  expect(await countedByAnalyze(sql, "owned")).toBe(300);
});

test("changes no answer of the statements that it runs between", async () => {
  await sql`create table busy (n int)`;
  await sql`insert into busy values (0)`;
  const maintained = engine.maintain();
  await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      sql.begin(async (tx) => {
        const [echo] = await tx<{ n: number }[]>`select ${n}::int as n`;
        expect(echo?.n).toBe(n);
        await tx`update busy set n = n + 1`;
      }),
    ),
  );
  await maintained;
  expect(await sql`select n from busy`).toEqual([{ n: 300 }]);
});
