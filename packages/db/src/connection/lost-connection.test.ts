import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { asAppError } from "../errors.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { runMigrations } from "../migrate/run-migrations.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { startPrivateCluster } from "../testing/cluster.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { testEnvironment } from "../testing/env.ts";
import { withUser } from "./access.ts";
import { createDbClient } from "./client.ts";

const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
const caught = (promise: Promise<unknown>) => promise.then(() => null, asAppError);

describe.skipIf(testEnvironment.engine === "embedded")("a backend that is ended", () => {
  let database: TestDatabase;
  const [ada, ben] = [newId(), newId()];
  beforeAll(async () => {
    database = await createTestDatabase({ poolSize: 1 });
    for (const id of [ada, ben]) await withUser(database.db, id, (tx) => tx.insert(users).values({ id, name: "x" }));
  });
  afterAll(() => database.close());

  const end = (pid: number) => database.asOwner((owner) => owner`select pg_terminate_backend(${pid}, 5000)`);

  /** Ada's transaction loses its backend, Ben's takes the next one, and then Ada's code asks again. Who does it see? */
  async function adaAfterDeath(
    transaction: (id: string, body: (query: () => Promise<string[]>, pid: () => Promise<number>) => Promise<void>) => Promise<void>,
  ): Promise<string[]> {
    const benIsBound = Promise.withResolvers<void>();
    const adaHasAsked = Promise.withResolvers<void>();
    let seen: string[] = [];
    await transaction(ada, async (query, pid) => {
      expect(await query()).toEqual([ada]);
      await end(await pid());
      await benIsBound.promise;
      seen = await query().catch(() => []);
      adaHasAsked.resolve();
    }).catch(() => {});
    await transaction(ben, async (query) => {
      expect(await query()).toEqual([ben]);
      benIsBound.resolve();
      await adaHasAsked.promise;
      expect(await query()).toEqual([ben]);
    });
    return seen;
  }

  test("negative control: the driver's own transaction goes on as the next user", async () => {
    const { app } = deriveRuntimeUrls(database.ownerUrl ?? "");
    const client = postgres(app, { max: 1, onnotice: () => {} });
    onTestFinished(() => client.end({ timeout: 1 }));
    const stock = drizzle(client);
    const seen = await adaAfterDeath((id, body) =>
      stock.transaction(async (tx) => {
        await tx.execute(sql`select set_config('app.user_id', ${id}, true)`);
        await body(
          async () => ids(await tx.select({ id: users.id }).from(users)),
          async () => Number((await tx.execute(sql`select pg_backend_pid() as pid`))[0]?.["pid"]),
        );
      }),
    );
    expect(seen).toEqual([ben]);
  });

  test("never lets a withUser go on as the next user", async () => {
    const seen = await adaAfterDeath((id, body) =>
      withUser(database.db, id, (tx) =>
        body(
          async () => ids(await tx.select({ id: users.id }).from(users)),
          async () => Number((await tx.execute(sql`select pg_backend_pid() as pid`))[0]?.["pid"]),
        ),
      ),
    );
    expect(seen).toEqual([]);
  });

  test("fails its transaction at once, also while the body waits for something else, and the next one works", async () => {
    const lost = withUser(database.db, ada, async (tx) => {
      const [backend] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      await end(backend?.pid ?? 0);
      return new Promise(() => {});
    });
    expect(await caught(lost)).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("nothing was changed") });
    expect(await withUser(database.db, ben, (tx) => tx.select({ id: users.id }).from(users))).toEqual([{ id: ben }]);
  });

  test("during COMMIT: the caller is told that the outcome is unknown", async () => {
    await database.asOwner((owner) =>
      owner.unsafe(`
        create function public.slow_commit() returns trigger language plpgsql as 'begin perform pg_sleep(20); return null; end';
        create constraint trigger slow_commit after update on users deferrable initially deferred for each row execute function slow_commit()`),
    );
    onTestFinished(async () => {
      await database.asOwner((owner) => owner.unsafe("drop trigger slow_commit on users; drop function slow_commit"));
    });
    let pid = 0;
    const saving = withUser(database.db, ada, async (tx) => {
      await tx.update(users).set({ name: "y" }).where(eq(users.id, ada));
      pid = Number((await tx.execute(sql`select pg_backend_pid() as pid`))[0]?.["pid"]);
    });
    const outcome = caught(saving);
    const committing = () =>
      database.asOwner((owner) => owner`select 1 from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`);
    await expect.poll(committing).toHaveLength(1);
    await end(pid);
    expect(await outcome).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("is not known") });
  });
});

describe.skipIf(testEnvironment.engine === "embedded")("a server that stops at once under load", () => {
  test("every transaction succeeds or is UNAVAILABLE, none hangs, and the pool recovers", async () => {
    const cluster = await startPrivateCluster({ fsync: "off" });
    onTestFinished(() => cluster.stop());
    const administrator = postgres(cluster.ownerUrl, { max: 1 });
    await administrator`create database mema`;
    await administrator.end();
    const ownerUrl = Object.assign(new URL(cluster.ownerUrl), { pathname: "/mema" }).href;
    await runMigrations(ownerUrl, { passwords: {} });
    const db = createDbClient(deriveRuntimeUrls(ownerUrl), { poolSize: 4 });
    onTestFinished(() => db.close());
    const outcomes = new Map<string, number>();
    const stopping = new AbortController();
    const clients = Array.from({ length: 12 }, async () => {
      while (!stopping.signal.aborted) {
        const body = withUser(db, newId(), (tx) => tx.execute(sql`select pg_sleep(0.002)`), { readOnly: true });
        const outcome = (await caught(body))?.code ?? "ok";
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        // The load leaves a server that refuses it the time to recover.
        if (outcome !== "ok") await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    const recovered = async () => {
      outcomes.delete("ok");
      await expect.poll(() => outcomes.get("ok") ?? 0, { timeout: 20_000 }).toBeGreaterThan(100);
    };
    await recovered();
    // One backend that dies badly makes the server end all others and recover, refusing connections meanwhile.
    const superuser = postgres(cluster.superuserUrl, { max: 1, onnotice: () => {} });
    const [victim] = await superuser<{ pid: number }[]>`select pid from pg_stat_activity where usename = 'mema_app' limit 1`;
    await superuser.end();
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await expect.poll(() => outcomes.get("UNAVAILABLE") ?? 0).toBeGreaterThan(0);
    await recovered();
    cluster.restart("immediate");
    await recovered();
    stopping.abort();
    await Promise.all(clients);
    expect([...outcomes.keys()].toSorted()).toEqual(["UNAVAILABLE", "ok"]);
    expect(db.app.pool.counts).toMatchObject({ busy: 0, waiting: 0 });
  }, 60_000);
});
