import { randomUUID } from "node:crypto";
import {
  clockAt,
  createChannelRepository,
  createReminderRepository,
  createUserRepository,
  type LeaseKey,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { faultOptions, testEnvironment } from "@mema/db/testing";
import { assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";
import { StepWorker } from "../testing-worker.ts";
import { reminderInput, type ReminderInput } from "./reminder-definition.ts";
import { acknowledgeReminder, cancelReminder, completeReminder, pauseReminder, snoozeReminder } from "./reminder-life.ts";
import { createReminder, updateReminder } from "./reminders.ts";

const instant = (iso: string) => new Date(iso);
const night = instant("2026-11-22T22:30:00Z");
const after = (seconds: number) => new Date(night.getTime() + seconds * 1000);

let api: TestApi;
let worker: StepWorker;
let userId: string;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.database.asOwner((owner) => owner.unsafe("truncate users cascade"));
  worker = new StepWorker(api.services);
  ({ userId } = await api.createUser({ timezone: "Europe/Berlin" }));
});

const asUser = <T>(body: (tx: UserTransaction) => Promise<T>) => withUser(api.services.db, userId, body);
const create = (input: Partial<ReminderInput>) =>
  asUser((tx) => createReminder(tx, reminderInput.parse({ title: "Sleep", ...input }), clockAt(night)));

async function quietNight(channelQuiet: "defer" | "drop" | "bypass" | undefined): Promise<string> {
  return asUser(async (tx) => {
    const users = createUserRepository(tx);
    await users.update((await users.get()).version, { preferences: { quietHours: { start: "22:00", end: "07:00" } } });
    const channels = createChannelRepository(tx);
    const inbox = await channels.ensureInApp();
    const config = channelQuiet === undefined ? {} : { quiet: channelQuiet };
    return (await channels.update(inbox.id, inbox.version, { config })).id;
  });
}

test("in quiet hours a channel that defers waits for their end, also past the grace", async () => {
  await quietNight("defer");
  const { id } = await create({ in: "PT10S", misfireGraceSeconds: 600 });
  expect(await worker.turn(after(10))).toEqual([]);
  const end = instant("2026-11-23T06:00:00Z");
  expect(await worker.turn(new Date(end.getTime() - 1000))).toEqual([]);
  expect(await worker.turn(end)).toHaveLength(1);
  expect((await asUser((tx) => createReminderRepository(tx).getById(id))).firedCount).toBe(1);
});

test("a channel that drops says so, one that bypasses sends, and so does a reminder that bypasses", async () => {
  await quietNight("drop");
  await create({ in: "PT10S" });
  expect(await worker.turn(after(10))).toEqual([]);
  expect(await asUser((tx) => tx.query.reminderDeliveries.findMany())).toMatchObject([
    { status: "suppressed", statusReason: "quiet_hours" },
  ]);
  await create({ in: "PT20S", quiet: "bypass" });
  expect(await worker.turn(after(20))).toHaveLength(1);
  await quietNight("bypass");
  await create({ in: "PT30S" });
  expect(await worker.turn(after(30))).toHaveLength(1);
});

test("the inbox is silent by nature: it does not wait for the end of quiet hours", async () => {
  await quietNight(undefined);
  await create({ in: "PT10S" });
  expect(await worker.turn(after(10))).toHaveLength(1);
});

const mutations = {
  edit: (tx: UserTransaction, id: string) => updateReminder(tx, id, 1, { in: "PT2H" }, clockAt(after(10))),
  cancel: (tx: UserTransaction, id: string) => cancelReminder(tx, { id }, clockAt(after(10))),
  pause: (tx: UserTransaction, id: string) => pauseReminder(tx, { id }, clockAt(after(10))),
  snooze: (tx: UserTransaction, id: string) => snoozeReminder(tx, { id }, { for: "PT10M" }, clockAt(after(10))),
  complete: (tx: UserTransaction, id: string) => completeReminder(tx, { id }, clockAt(after(10))),
  acknowledge: (tx: UserTransaction, id: string) => acknowledgeReminder(tx, { id }, clockAt(after(10))),
};

test(
  "after an edit, cancel, pause, snooze, completion or acknowledgement no send begins, however they interleave",
  { ...faultOptions, timeout: 300_000 },
  async () => {
    const runs = testEnvironment.scale === "full" ? 1_000 : 60;
    await assert(
      asyncProperty(
        record({
          mutation: constantFrom(...(Object.keys(mutations) as (keyof typeof mutations)[])),
          workerTicks: nat(12),
          userTicks: nat(12),
        }),
        async ({ mutation, workerTicks, userTicks }) => {
          const { id } = await create({ in: "PT10S", nag: [60] });
          await worker.expand(after(10));
          let returnedAt = 0;
          let begunAt = 0;
          let order = 0;
          const ticks = async (count: number) => {
            for (let tick = 0; tick < count; tick += 1) await new Promise((resolve) => setImmediate(resolve));
          };
          const user = ticks(userTicks).then(async () => {
            // Before anything has fired there is nothing to acknowledge or snooze but what is due: both exist from the expansion on.
            await asUser((tx) => mutations[mutation](tx, id).then(() => {}));
            returnedAt = ++order;
          });
          const send = ticks(workerTicks).then(async () => {
            const mine: LeaseKey[] = await worker.claim(after(10));
            const started = ++order;
            const decisions = mine.length === 0 ? [] : await worker.begin(mine, after(10));
            if (decisions.some(({ decision }) => decision === "go")) begunAt = started;
          });
          await Promise.all([user, send]);
          // A begin that was asked for after the change had returned must not have been let through.
          expect(begunAt === 0 || begunAt < returnedAt).toBe(true);
          const later = await worker.claim(after(11));
          const decisions = later.length === 0 ? [] : await worker.begin(later, after(11));
          expect(decisions.filter(({ decision }) => decision === "go")).toEqual([]);
          await api.database.asOwner((owner) => owner.unsafe("truncate reminders cascade"));
        },
      ),
      { numRuns: runs },
    );
  },
);

test("8 workers on 1,000 due deliveries of 5 users send each once", async () => {
  for (let user = 0; user < 5; user += 1) {
    ({ userId } = await api.createUser());
    await asUser(async (tx) => {
      const values = Array.from({ length: 200 }, () => reminderInput.parse({ title: randomUUID(), in: "PT10S" }));
      for (const value of values) await createReminder(tx, value, clockAt(night));
    });
  }
  const sent = (await Promise.all(Array.from({ length: 8 }, () => drain(new StepWorker(api.services))))).flat();
  expect(sent).toHaveLength(1000);
  expect(new Set(sent).size).toBe(1000);
}, 120_000);

async function drain(one: StepWorker): Promise<string[]> {
  const ids: string[] = [];
  for (let idle = 0; idle < 2;) {
    const sent = await one.turn(after(10));
    ids.push(...sent.map(({ deliveryId }) => deliveryId));
    idle = sent.length === 0 ? idle + 1 : 0;
  }
  return ids;
}
