import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { openEmbeddedEngine } from "../embedded/engine.ts";
import { asAppError } from "../errors.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { withUser } from "./access.ts";
import { createDbClient, createEmbeddedClient, type Db } from "./client.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1 });
});
afterAll(() => database.close());

const caught = (promise: Promise<unknown>) => promise.then(() => null, asAppError);
const add = (db: Db, id: string) => withUser(db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
const count = (db: Db, id: string) => withUser(db, id, (tx) => tx.$count(users), { readOnly: true });

/** A database whose engine may be restarted without losing what it holds. */
async function durable(): Promise<Db> {
  if (database.engine === "postgres") return database.db;
  const folder = mkdtempSync(join(tmpdir(), "mema-deadline-"));
  const engine = await openEmbeddedEngine({ dataDir: folder, template: inject("embeddedTemplate") });
  const db = createEmbeddedClient(engine);
  onTestFinished(async () => {
    await db.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  });
  return db;
}

test("a statement that outlives the deadline fails as TIMEOUT, saves nothing, and the next user is served", async () => {
  const db = await durable();
  const [ada, ben] = [newId(), newId()];
  await add(db, ben);
  const endless = withUser(
    db,
    ada,
    async (tx) => {
      await tx.insert(users).values({ id: ada, name: "x" });
      await tx.execute(sql`select count(*) from generate_series(1, 1000000000000)`);
    },
    { deadlineMs: 300 },
  );
  const waiting = count(db, ben);
  expect(await caught(endless)).toMatchObject({ code: "TIMEOUT" });
  expect(await waiting).toBe(1);
  expect(await count(db, ada)).toBe(0);
  expect(await count(db, ben)).toBe(1);
});

test("a body that never ends is given up at the deadline, and its code cannot go on", async () => {
  const db = await durable();
  const never = Promise.withResolvers<void>();
  const zombie = Promise.withResolvers<unknown>();
  const ada = newId();
  const hung = withUser(
    db,
    ada,
    async (tx) => {
      await caught(tx.execute(sql`select 1`).execute());
      await never.promise;
      zombie.resolve(await caught(tx.insert(users).values({ id: ada, name: "zombie" }).execute()));
    },
    { deadlineMs: 50 },
  );
  expect(await caught(hung)).toMatchObject({ code: "TIMEOUT", message: expect.stringContaining("50 ms") });
  never.resolve();
  expect(await zombie.promise).toMatchObject({ code: "TIMEOUT" });
  expect(await count(db, ada)).toBe(0);
});

/** A server that does `answer` with each connection, and a client for it. */
async function clientOf(answer: Parameters<typeof createServer>[1]): Promise<Db> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const db = createDbClient(`postgres://mema_app:x@127.0.0.1:${port}/x`, { connectTimeoutMs: 300 });
  onTestFinished(async () => {
    await db.close();
    server.close();
  });
  return db;
}

const fatal = (code: string) => {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mno\0\0`);
  const head = Buffer.from([0x45, 0, 0, 0, fields.length + 4]);
  return Buffer.concat([head, fields]);
};

test("a server that refuses, hangs up, never answers, is starting up or is full: UNAVAILABLE, in time", async ({ skip }) => {
  skip(database.engine === "embedded", "has no server");
  const refused = createDbClient("postgres://mema_app:x@127.0.0.1:1/x");
  onTestFinished(() => refused.close());
  const servers = [
    refused,
    await clientOf((socket) => socket.destroy()),
    await clientOf((socket) => socket.once("data", () => socket.end())),
    await clientOf(() => {}),
    await clientOf((socket) => socket.once("data", () => socket.end(fatal("57P03")))),
    await clientOf((socket) => socket.once("data", () => socket.end(fatal("53300")))),
  ];
  const errors = await Promise.all(servers.map((db) => caught(count(db, newId()))));
  expect(errors.map((error) => error?.code)).toEqual(servers.map(() => "UNAVAILABLE"));
  expect(servers.map((db) => db.app.pool.counts)).toEqual(servers.map(() => ({ idle: 0, busy: 0, waiting: 0 })));
}, 5_000);
