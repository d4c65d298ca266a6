import { clockAt, createUserRepository, withUser } from "@mema/db";
import { testEnvironment } from "@mema/db/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { StepWorker } from "../testing-worker.ts";
import { reminderInput } from "./reminder-definition.ts";
import { createReminder, previewReminder } from "./reminders.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);
const full = testEnvironment.scale === "full";

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

/** Another user with so many reminders, due in 10 s. */
async function userWith(count: number): Promise<string> {
  const { userId } = await stage.api.createUser();
  const input = reminderInput.parse({ title: "Due", in: "PT10S" });
  await withUser(stage.api.services.db, userId, async (tx) => {
    for (let made = 0; made < count; made += 1) await createReminder(tx, input, clockAt(noon));
  });
  return userId;
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
  ["New York 01:30 in the night that has it twice", "America/New_York", "2027-11-07T01:30:00", "2027-11-07T05:30:00.000Z", 0],
  ["Cairo midnight when the clocks skip it", "Africa/Cairo", "2027-04-30T00:00:00", "2027-04-29T22:00:00.000Z", 3600],
  ["Lord Howe 02:15, which moves by half an hour", "Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-02T15:45:00.000Z", 1800],
])("%s: it fires once, at the moment the preview said, and says how far it moved", async (_name, tz, local, at, shiftedBySeconds) => {
  const timing = { rrule: "FREQ=DAILY;COUNT=1", dtstartLocal: local, tz };
  const { occurrences } = await stage.asUser((tx) => previewReminder(tx, { ...timing, limit: 1 }, clockAt(noon)));
  expect(occurrences).toMatchObject([{ at: new Date(at), shiftedBySeconds }]);
  await stage.create(timing, noon);
  expect(await stage.worker.turn(new Date(new Date(at).getTime() - 1000))).toEqual([]);
  expect(await stage.worker.turn(new Date(at))).toHaveLength(1);
  expect(await stage.worker.turn(new Date(new Date(at).getTime() + 7_200_000))).toEqual([]);
});

test("a user who is deleted in the middle of a delivery: its end is lost, nothing is left behind, others go on", async () => {
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

test("a message that ends its worker every time is given up as unknown, and the rows beside it are delivered once", async () => {
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
});

test("with nearly everything due of one user, everyone else's first delivery is in the first claims", async () => {
  const [mine, others] = full ? [99_000, 1_000] : [400, 20];
  await userWith(mine);
  const users = [];
  for (let other = 0; other < Math.min(others, 20); other += 1) users.push(await userWith(Math.ceil(others / 20)));
  await stage.worker.expand(after(10));
  const first = await stage.worker.claim(after(10), 30, 4);
  expect(first.length).toBeLessThanOrEqual(100);
  const served = new Set(first.map(({ userId }) => userId));
  expect(users.filter((user) => !served.has(user))).toEqual([]);
}, 1_200_000);

test.each([2, 8])(
  "%i workers on what is due at once: each delivery is sent once",
  async (workers) => {
    const perUser = full ? 2_000 : 100;
    for (let user = 0; user < 5; user += 1) await userWith(perUser);
    const sent = (await Promise.all(Array.from({ length: workers }, () => drain(new StepWorker(stage.api.services))))).flat();
    expect(sent).toHaveLength(5 * perUser);
    expect(new Set(sent).size).toBe(5 * perUser);
  },
  1_200_000,
);
