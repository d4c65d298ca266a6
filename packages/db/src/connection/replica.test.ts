import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import postgres from "postgres";
import { createDatabase } from "../databases.ts";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { runMigrations } from "../migrate/run-migrations.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";
import { hasPostgresBinaries, type PrivateCluster, startPrivateCluster } from "../testing/cluster.ts";
import { testEnvironment } from "../testing/env.ts";
import { withUser } from "./access.ts";
import { createDbClient, type Db } from "./client.ts";

describe.skipIf(testEnvironment.engine === "embedded" || !hasPostgresBinaries())("with a streaming replica", () => {
  let cluster: PrivateCluster;
  let replica: { port: number; stop: () => void };
  let db: Db;
  let other: Db;
  const [ada, ben] = [newId(), newId()];

  beforeAll(async () => {
    cluster = await startPrivateCluster();
    const ownerUrl = await createDatabase(cluster.ownerUrl, "mema_replicated", "template1");
    await runMigrations(ownerUrl, { passwords: {} });
    replica = await cluster.startReplica();
    const urls = deriveRuntimeUrls(ownerUrl);
    const replicaUrl = Object.assign(new URL(urls.app), { port: String(replica.port) }).href;
    other = createDbClient(urls, { poolSize: 2, listenUrl: null });
    db = createDbClient(urls, { poolSize: 2, listenUrl: null, replicaUrl });
    for (const id of [ada, ben]) await withUser(other, id, (tx) => tx.insert(users).values({ id, name: "x" }));
    const caughtUp = postgres(Object.assign(new URL(cluster.superuserUrl), { port: String(replica.port) }).href, {
      max: 1,
      onnotice: () => {},
    });
    const [primary] = await withUser(other, ada, (tx) => tx.execute(sql`select pg_current_wal_insert_lsn()::text as lsn`));
    for (let arrived = false; !arrived;) {
      const [row] = await caughtUp<
        { arrived: boolean }[]
      >`select pg_last_wal_replay_lsn() >= ${String(primary?.["lsn"])}::pg_lsn as arrived`;
      arrived = row?.arrived ?? false;
    }
    await caughtUp.end();
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await other.close();
    cluster.stop();
  });

  const look = (id: string) =>
    withUser(db, id, (tx) => tx.execute(sql`select pg_is_in_recovery() as replica, array(select id from users) as ids`), {
      readOnly: true,
    });

  test("reads go to it, bound to their user", async () => {
    expect(await look(ada)).toEqual([{ replica: true, ids: [ada] }]);
    expect(await look(ben)).toEqual([{ replica: true, ids: [ben] }]);
  });

  test("writes do not, and whoever wrote reads the own writes", async () => {
    await withUser(db, ben, (tx) => tx.update(users).set({ name: "y" }));
    expect(await look(ben)).toEqual([{ replica: false, ids: [ben] }]);
    expect(await look(ada)).toEqual([{ replica: true, ids: [ada] }]);
  });

  test("a read that it cannot answer is answered by the primary", async () => {
    replica.stop();
    expect(await look(ada)).toEqual([{ replica: false, ids: [ada] }]);
  });
});
