import { clockAt, createChannelRepository, createUserRepository, type UserTransaction, withUser } from "@mema/db";
import { faultOptions, testEnvironment } from "@mema/db/testing";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { StepWorker } from "../testing-worker.ts";
import { previewReminder } from "./reminders.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);
const full = testEnvironment.scale === "full";
const slow = { ...faultOptions, timeout: 600_000 };

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

/** Another user with so many reminders, due in 10 s: as expansion leaves them. */
async function userWith(count: number): Promise<string> {
  const { userId } = await stage.api.createUser();
  await withUser(stage.api.services.db, userId, (tx) => makeDue(tx, count), { deadlineMs: 600_000 });
  return userId;
}

async function makeDue(tx: UserTransaction, count: number): Promise<void> {
  const { id: channelId } = await createChannelRepository(tx).ensureInApp();
  const at = sql`${after(10).toISOString()}::timestamptz`;
  // The tables were emptied: what the planner knows of them would make it read all of one for each reference to it.
  await tx.execute(sql`set local enable_seqscan = off`);
  await tx.execute(sql`
    with rule as (
      insert into reminders (user_id, title, kind, dtstart_local, tz, next_occurrence_at)
      select ${tx.userId}::uuid, 'Due', 'once', '2026-11-22T12:00:10', 'UTC', ${at} from generate_series(1, ${count}::integer)
      returning id
    ),
    occurrence as (
      insert into reminder_occurrences (user_id, reminder_id, occurrence_at)
      select ${tx.userId}::uuid, id, ${at} from rule returning id, reminder_id
    )
    insert into reminder_deliveries (user_id, reminder_id, occurrence_id, channel_id, step, due_at, next_attempt_at, expires_at, reminder_version)
    select ${tx.userId}::uuid, reminder_id, id, ${channelId}::uuid, 'alert:0', ${at}, ${at}, ${at} + interval '1 day', 1 from occurrence`);
}

async function drain(worker: StepWorker): Promise<string[]> {
  const sent: string[] = [];
  for (let idle = 0; idle < 2;) {
    const turn = await worker.turn(after(10));
    sent.push(...turn.map(({ deliveryId }) => deliveryId));
    idle = turn.length === 0 ? idle + 1 : 0;
  }
  return sent;
}

test.each([
  ["New York 02:30 in the night without it", "America/New_York", "2027-03-14T02:30:00", "2027-03-14T07:30:00.000Z", 3600],
  ["Cairo midnight of 2026-04-24, which the clocks skip", "Africa/Cairo", "2026-04-24T00:00:00", "2026-04-23T22:00:00.000Z", 3600],
  ["Apia on 2011-12-30, a day that Samoa left out", "Pacific/Apia", "2011-12-30T09:00:00", "2011-12-30T19:00:00.000Z", 86_400],
  ["New York 01:30 in the night that has it twice", "America/New_York", "2027-11-07T01:30:00", "2027-11-07T05:30:00.000Z", 0],
  ["Cairo midnight when the clocks skip it", "Africa/Cairo", "2027-04-30T00:00:00", "2027-04-29T22:00:00.000Z", 3600],
  ["Lord Howe 02:15, which moves by half an hour", "Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-02T15:45:00.000Z", 1800],
])(
  "%s: it fires once, at the moment the preview said, and says how far it moved",
  faultOptions,
  async (_name, tz, local, at, shiftedBySeconds) => {
    const before = new Date(new Date(at).getTime() - 40 * 3_600_000);
    const timing = { rrule: "FREQ=DAILY;COUNT=1", dtstartLocal: local, tz };
    const { occurrences } = await stage.asUser((tx) => previewReminder(tx, { ...timing, limit: 1 }, clockAt(before)));
    expect(occurrences).toMatchObject([{ at: new Date(at), shiftedBySeconds }]);
    await stage.create(timing, before);
    expect(await stage.worker.turn(new Date(new Date(at).getTime() - 1000))).toEqual([]);
    expect(await stage.worker.turn(new Date(at))).toHaveLength(1);
    expect(await stage.worker.turn(new Date(new Date(at).getTime() + 7_200_000))).toEqual([]);
  },
);

test("a user who is deleted in the middle of a delivery: its end is lost, nothing is left behind, others go on", faultOptions, async () => {
  await stage.create({ in: "PT10S" }, noon);
  const gone = stage.userId;
  await userWith(1);
  await stage.worker.expand(after(10));
  const claimed = await stage.worker.claim(after(10));
  expect(claimed).toHaveLength(2);
  await stage.worker.begin(claimed, after(10));
  await withUser(stage.api.services.db, gone, (tx) => createUserRepository(tx).delete());
  const ends = claimed.map(({ userId, deliveryId, leaseToken }) => ({ userId, deliveryId, leaseToken, outcome: "delivered" as const }));
  const results = await stage.worker.settle(ends, after(11));
  const states = claimed.map(({ userId, deliveryId }) => [
    userId === gone,
    results.find((result) => result.deliveryId === deliveryId)?.status,
  ]);
  expect(states).toEqual(
    expect.arrayContaining([
      [true, "lost"],
      [false, "delivered"],
    ]),
  );
  expect(await stage.worker.turn(after(1000))).toEqual([]);
});

test(
  "a message that ends its worker every time is given up as unknown, and the rows beside it are delivered once",
  faultOptions,
  async () => {
    const { id: poison } = await stage.create({ title: "poison", in: "PT10S" }, noon);
    for (let good = 0; good < 5; good += 1) await stage.create({ in: "PT10S" }, noon);
    await stage.worker.expand(after(10));
    const poisoned = (await stage.deliveries(poison))[0]?.id;
    const delivered: string[] = [];
    for (let life = 0; life < 8; life += 1) {
      const at = after(10 + life * 100);
      await stage.worker.reap(at);
      const claimed = await stage.worker.claim(at);
      for (const lease of claimed) {
        const [decision] = await stage.worker.begin([lease], at);
        // It dies at the poison: what it has not settled by then stays leased.
        if (decision?.decision !== "go" || lease.deliveryId === poisoned) continue;
        await stage.worker.settle(
          [{ userId: lease.userId, deliveryId: lease.deliveryId, leaseToken: lease.leaseToken, outcome: "delivered" }],
          at,
        );
        delivered.push(lease.deliveryId);
      }
    }
    expect(new Set(delivered).size).toBe(5);
    expect(delivered).toHaveLength(5);
    expect((await stage.deliveries(poison))[0]).toMatchObject({ status: "unknown", statusReason: "too_many_unknown_outcomes" });
  },
);

test("with nearly everything due of one user, everyone else's first delivery is in the first claims", slow, async () => {
  const [mine, others] = full ? [99_000, 1_000] : [400, 20];
  await userWith(mine);
  const users = [];
  for (let other = 0; other < Math.min(others, 20); other += 1) users.push(await userWith(Math.ceil(others / 20)));
  const first = await stage.worker.claim(after(10), 30, 4);
  expect(first.length).toBeLessThanOrEqual(100);
  const served = new Set(first.map(({ userId }) => userId));
  expect(users.filter((user) => !served.has(user))).toEqual([]);
});

test.each([2, 8])("%i workers on what is due at once: each delivery is sent once", slow, async (workers) => {
  const perUser = full ? 2_000 : 100;
  for (let user = 0; user < 5; user += 1) await userWith(perUser);
  const sent = (await Promise.all(Array.from({ length: workers }, () => drain(new StepWorker(stage.api.services))))).flat();
  expect(sent).toHaveLength(5 * perUser);
  expect(new Set(sent).size).toBe(5 * perUser);
});
