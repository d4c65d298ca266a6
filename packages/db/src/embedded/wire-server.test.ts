import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedEngine, openEmbeddedEngine } from "./engine.ts";
import * as wire from "./testing/wire-client.ts";

let engine: EmbeddedEngine;

beforeAll(async () => {
  engine = await openEmbeddedEngine({ dataDir: null });
});
afterAll(async () => {
  await engine.close();
});

async function connected(): Promise<wire.WireClient> {
  const client = new wire.WireClient(engine.connection.path);
  client.send(wire.startup);
  await client.until(wire.idle);
  return client;
}

async function answer(client: wire.WireClient, text: string): Promise<string> {
  client.send(wire.query(text));
  return client.until(wire.idle);
}

test("declines encryption and then takes the start-up on the same connection", async () => {
  const client = new wire.WireClient(engine.connection.path);
  client.send(wire.sslRequest);
  expect(await client.until("N")).toBe("N");
  client.send(wire.startup);
  await client.until(wire.idle);
  await client.vanish();
});

test("rolls back, and empties the session, when its client vanishes in a transaction", async () => {
  const first = await connected();
  await answer(first, "create table if not exists kept (id int)");
  await answer(first, "select set_config('app.user_id', 'ada', false), pg_advisory_lock(7); set role pg_monitor");
  await answer(first, "create temp table scratch (id int); listen news");
  first.send(wire.parse("named", "select 'prepared'"), wire.sync);
  await first.until(wire.idle);
  first.send(wire.query("begin"), wire.query("select 'in'"));
  await first.until(wire.inTransaction);
  await first.vanish();

  const second = await connected();
  const state = `select format('<%s|%s|%s|%s|%s|%s>', current_setting('app.user_id'), current_setting('role'), to_regclass('scratch'),
    (select count(*) from pg_prepared_statements), (select count(*) from pg_locks where locktype = 'advisory'),
    pg_current_xact_id_if_assigned())`;
  expect(await answer(second, state)).toContain("<|none||0|0|>");
  await second.vanish();
});

test("undoes what a vanished client had not committed", async () => {
  const first = await connected();
  await answer(first, "create table undone (id int)");
  first.send(wire.query("begin; insert into undone values (1)"));
  await first.until(wire.inTransaction);
  await first.vanish();
  const second = await connected();
  expect(await answer(second, "select format('<%s>', count(*)) from undone")).toContain("<0>");
  await second.vanish();
});

test("serves the next client after one that vanished between an error and its Sync, or inside a message", async () => {
  const first = await connected();
  first.send(wire.parse("", "select wrong"), wire.bindAndExecute(""));
  await first.until("42703");
  await first.vanish();

  const second = await connected();
  second.send(wire.query("select 'whole'"), wire.query("select 'never ends'").subarray(0, 9));
  await second.until("whole");
  await second.vanish();

  const third = await connected();
  expect(await answer(third, "select 'third'")).toContain("third");
  await third.vanish();
});

test("skips the statements between an error and its Sync, and answers those after it", async () => {
  const client = await connected();
  client.send(
    wire.parse("", "select 1/0"),
    wire.bindAndExecute(""),
    wire.parse("", "select 'skipped'"),
    wire.bindAndExecute(""),
    wire.sync,
    wire.parse("", "select 'answered'"),
    wire.bindAndExecute(""),
    wire.sync,
  );
  const received = await client.until("answered");
  expect(received).toContain("22012");
  expect(received).not.toContain("skipped");
  await client.vanish();
});

test("answers what was sent before Terminate, and outlives it", async () => {
  const first = await connected();
  first.send(wire.query("select 'last words'"), wire.terminate, wire.query("select 'too late'"));
  const received = await first.until("<closed>");
  expect(received).toContain("last words");
  expect(received).not.toContain("too late");
  const second = await connected();
  expect(await answer(second, "select 'alive'")).toContain("alive");
  await second.vanish();
});

test("closes a connection that breaks the protocol, and serves the next one", async () => {
  const first = await connected();
  first.send(wire.typed("!", "nonsense"));
  expect(await first.until("<closed>")).toContain("08P01");
  const second = new wire.WireClient(engine.connection.path);
  second.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  expect(await second.until("<closed>")).toContain("08P01");
  const third = await connected();
  expect(await answer(third, "select 'third'")).toContain("third");
  await third.vanish();
});

test("ignores a cancel request", async () => {
  const client = await connected();
  const cancel = new wire.WireClient(engine.connection.path);
  cancel.send(wire.cancelRequest);
  expect(await cancel.until("<closed>")).toBe("<closed>");
  expect(await answer(client, "select 'undisturbed'")).toContain("undisturbed");
  await client.vanish();
});

test("lets a second connection wait for the first to go, never in between", async () => {
  const first = await connected();
  first.send(wire.query("begin"));
  await first.until(wire.inTransaction);
  const second = new wire.WireClient(engine.connection.path);
  second.send(wire.startup, wire.query("select format('<%s>', pg_current_xact_id_if_assigned())"));
  first.send(wire.query("select pg_current_xact_id()"));
  await first.until(wire.inTransaction);
  await first.vanish();
  expect(await second.until("<>")).toContain(wire.idle);
  await second.vanish();
});

test("refuses a second connection when the first one stays", async () => {
  const first = await connected();
  const second = new wire.WireClient(engine.connection.path);
  second.send(wire.startup);
  expect(await second.until("<closed>")).toContain("53300");
  expect(await answer(first, "select 'undisturbed'")).toContain("undisturbed");
  await first.vanish();
});

test("takes COPY FROM STDIN whose data comes with it", async () => {
  const first = await connected();
  await answer(first, "create table copied (line text)");
  first.send(wire.query("copy copied from stdin"), wire.typed("d", "a line\n"), wire.typed("c"));
  expect(await first.until(wire.idle)).toContain("COPY 1");
  await first.vanish();
  const second = await connected();
  expect(await answer(second, "select format('<%s>', count(*)) from copied")).toContain("<1>");
  await second.vanish();
});
