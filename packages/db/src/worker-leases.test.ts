import { randomUUID } from "node:crypto";
import type { ReminderPriority } from "@mema/shared";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createChannelRepository } from "./channels.repository.ts";
import { clockAt } from "./clock.ts";
import { withUser, withWorker } from "./connection/access.ts";
import { createDeliveryRepository } from "./deliveries.repository.ts";
import { createHeldDeliveryRepository } from "./held-deliveries.repository.ts";
import { newId } from "./schema/base.ts";
import { users } from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { type ClaimRequest, createWorkerLeaseRepository, type LeaseKey } from "./worker-leases.repository.ts";
import { createWorkerStatsRepository } from "./worker-stats.repository.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(() => database.asOwner((owner) => owner.unsafe("truncate users cascade")));

async function addUser(due: readonly { priority?: ReminderPriority; at?: Date }[]): Promise<string> {
  const id = newId();
  await withUser(database.db, id, async (tx) => {
    await tx.insert(users).values({ id });
    const channel = await createChannelRepository(tx).ensureInApp();
    await createDeliveryRepository(tx).enqueue(
      due.map(({ priority = "normal", at = noon }, index) => ({
        channelId: channel.id,
        step: `test:${index}`,
        priority,
        dueAt: at,
        nextAttemptAt: at,
        expiresAt: after(86_400),
      })),
    );
  });
  return id;
}

const claim = (request: Partial<ClaimRequest> = {}, at = after(1)) =>
  withWorker(database.db, (tx) =>
    createWorkerLeaseRepository(tx).claim(
      { workerId: randomUUID(), limit: 100, perUser: 25, leaseSeconds: 30, after: null, ...request },
      clockAt(at),
    ),
  );
const asWorker = <T>(body: (leases: ReturnType<typeof createWorkerLeaseRepository>) => Promise<T>) =>
  withWorker(database.db, (tx) => body(createWorkerLeaseRepository(tx)));

test("nothing is claimed before it is due, and nextDue names the moment", async () => {
  await addUser([{ at: after(60) }]);
  expect(await claim({}, after(59))).toEqual([]);
  expect(await asWorker((leases) => leases.nextDue(clockAt(noon)))).toEqual({ now: noon, deliveryAt: after(60), reminderAt: null });
  expect(await claim({}, after(60))).toHaveLength(1);
});

async function drain(): Promise<string[]> {
  const claimed: string[] = [];
  for (;;) {
    const batch = await claim({ limit: 50 });
    if (batch.length === 0) return claimed;
    claimed.push(...batch.map(({ deliveryId }) => deliveryId));
  }
}

test("two workers claiming at once get each of 1,000 due deliveries exactly once", async () => {
  for (let user = 0; user < 10; user += 1) await addUser(Array.from({ length: 100 }, () => ({})));
  const [one, two] = await Promise.all([drain(), drain()]);
  expect(one.length + two.length).toBe(1000);
  expect(new Set([...one, ...two]).size).toBe(1000);
});

test("a user with many due deliveries does not keep others waiting", async () => {
  const greedy = await addUser(Array.from({ length: 500 }, () => ({ at: after(-3600) })));
  const others = [await addUser([{}]), await addUser([{}]), await addUser([{}])];
  const batch = await claim({ limit: 40, perUser: 25 });
  expect(batch.filter(({ userId }) => userId === greedy)).toHaveLength(25);
  for (const other of others) expect(batch.filter(({ userId }) => userId === other)).toHaveLength(1);
});

test("the rotation goes on after the user it is told, and wraps around", async () => {
  const ids = [];
  for (let user = 0; user < 4; user += 1) ids.push(await addUser([{}, {}]));
  ids.sort();
  const batch = await claim({ limit: 4, perUser: 1, after: ids[1] ?? null });
  expect(new Set(batch.map(({ userId }) => userId))).toEqual(new Set(ids));
  const next = await claim({ limit: 2, perUser: 1, after: ids[2] ?? null });
  expect(new Set(next.map(({ userId }) => userId))).toEqual(new Set([ids[3], ids[0]]));
});

test("urgent deliveries of anyone come before normal ones of everyone", async () => {
  await addUser([{}, {}, {}]);
  const ben = await addUser([{ priority: "low" }, { priority: "urgent" }]);
  const [first] = await claim({ limit: 1 });
  expect(first).toMatchObject({ userId: ben, priority: "urgent" });
  const rest = await claim();
  expect(rest.map(({ priority }) => priority)).toEqual(["normal", "normal", "normal", "low"]);
});

test("a lapsed lease is lost: heartbeat, release and settlement under it change nothing", async () => {
  const ada = await addUser([{}]);
  const [zombie] = await claim({ leaseSeconds: 30 });
  if (zombie === undefined) throw new Error("nothing claimed");
  expect(await asWorker((leases) => leases.reap(100, clockAt(after(30))))).toBe(0);
  expect(await asWorker((leases) => leases.reap(100, clockAt(after(31))))).toBe(1);
  const [owner] = await claim({}, after(31));
  expect(owner?.deliveryId).toBe(zombie.deliveryId);
  expect(await asWorker((leases) => leases.heartbeat([zombie], 30, clockAt(after(32))))).toEqual([]);
  expect(await asWorker((leases) => leases.release([zombie], clockAt(after(32))))).toBe(0);
  await withUser(database.db, ada, async (tx) => {
    const deliveries = createDeliveryRepository(tx);
    const end = { ...zombie, status: "sent" as const, reason: null, nextAttemptAt: null };
    expect(await createHeldDeliveryRepository(tx).settle([end], clockAt(after(32)))).toEqual([]);
    expect(await deliveries.getById(zombie.deliveryId)).toMatchObject({ status: "sending", leaseToken: owner?.leaseToken, claims: 2 });
  });
});

test("a heartbeat prolongs the lease that holds", async () => {
  await addUser([{}, {}]);
  const batch = await claim({ leaseSeconds: 30 });
  const [kept, dropped] = batch;
  if (kept === undefined || dropped === undefined) throw new Error("nothing claimed");
  expect(await asWorker((leases) => leases.heartbeat([kept], 30, clockAt(after(20))))).toHaveLength(1);
  expect(await asWorker((leases) => leases.reap(100, clockAt(after(40))))).toBe(1);
  const again = await claim({}, after(40));
  expect(again.map(({ deliveryId }) => deliveryId)).toEqual([dropped.deliveryId]);
});

test("release gives a delivery back at once and refunds the attempt; a lapse keeps the sign that it was begun", async () => {
  const ada = await addUser([{}]);
  const begin = (lease: LeaseKey) => withUser(database.db, ada, (tx) => createHeldDeliveryRepository(tx).begin([lease], after(2)));
  const read = (id: string) => withUser(database.db, ada, (tx) => createDeliveryRepository(tx).getById(id));
  const [first] = await claim();
  if (first === undefined) throw new Error("nothing claimed");
  await begin(first);
  expect(await read(first.deliveryId)).toMatchObject({ attempts: 1, begunAt: after(2) });
  expect(await asWorker((leases) => leases.release([first], clockAt(after(3))))).toBe(1);
  expect(await read(first.deliveryId)).toMatchObject({ status: "pending", attempts: 0, begunAt: null });
  const [second] = await claim({ leaseSeconds: 10 }, after(3));
  if (second === undefined) throw new Error("nothing claimed");
  await begin(second);
  await asWorker((leases) => leases.reap(100, clockAt(after(13))));
  expect(await read(second.deliveryId)).toMatchObject({ status: "pending", attempts: 1, begunAt: after(2), leaseToken: null });
});

test("the worker's role reads no payload, changes no owner and deletes nothing", async () => {
  await addUser([{}]);
  const refused = [
    sql`select payload from reminder_deliveries`,
    sql`update reminder_deliveries set user_id = gen_random_uuid()`,
    sql`delete from reminder_deliveries`,
    sql`select title from reminders`,
    sql`select * from reminder_deliveries`,
    sql`select name from channels`,
    sql`select config from channels`,
    sql`update channels set paused_until = null`,
  ];
  for (const statement of refused) {
    await expect(withWorker(database.db, (tx) => tx.execute(statement))).rejects.toMatchObject({ cause: { code: "42501" } });
  }
});

test("counts tell due, waiting, in flight and lapsed apart, over all and by type of channel", async () => {
  await addUser([{}, {}, { at: after(500) }]);
  await claim({ limit: 1, leaseSeconds: 30 });
  const stats = <T>(body: (stats: ReturnType<typeof createWorkerStatsRepository>) => Promise<T>) =>
    withWorker(database.db, (tx) => body(createWorkerStatsRepository(tx)));
  expect(await stats((repository) => repository.waiting(clockAt(after(10))))).toBe(1);
  expect(await stats((repository) => repository.counts(clockAt(after(10))))).toMatchObject({
    due: 1,
    inFlight: 1,
    lapsed: 0,
    lagSeconds: 10,
    channels: [{ type: "in_app", channels: 1, usable: 1, due: 1, inFlight: 1 }],
  });
  expect(await stats((repository) => repository.counts(clockAt(after(100))))).toMatchObject({ due: 1, inFlight: 0, lapsed: 1 });
  await database.asOwner((owner) => owner.unsafe("truncate users cascade"));
  expect(await stats((repository) => repository.counts(clockAt(noon)))).toMatchObject({ due: 0, lagSeconds: 0, dead: 0, channels: [] });
});
