import { clockAt, createChannelRepository, newId, sealSecret, type UserTransaction, withUser } from "@mema/db";
import { faultOptions } from "@mema/db/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Caller, createTestApi, type TestApi } from "../testing.ts";
import { StepWorker } from "../testing-worker.ts";
import { replayDelivery } from "./dead-letters.ts";
import { reminderInput } from "./reminder-definition.ts";
import { createReminder } from "./reminders.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);
const fails = () => ({ outcome: "transient" as const, error: "http_500" });

let api: TestApi;
let worker: StepWorker;
let userId: string;
let caller: Caller;
let channelId: string;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.database.asOwner((owner) => owner.unsafe("truncate users cascade"));
  worker = new StepWorker(api.services);
  ({ userId, caller } = await api.createUser());
  channelId = newId();
  await asUser((tx) =>
    createChannelRepository(tx).create({
      id: channelId,
      type: "webhook",
      name: "hook",
      config: { url: "https://example.org/hook" },
      sealed: sealSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", api.services.secretKey, { userId, rowId: channelId }),
      verifiedAt: noon,
    }),
  );
});

const asUser = <T>(body: (tx: UserTransaction) => Promise<T>) => withUser(api.services.db, userId, body);
/** Reminders that fire ten seconds after noon. */
const remind = (count: number) =>
  asUser(async (tx) => {
    for (let reminder = 0; reminder < count; reminder += 1) {
      await createReminder(tx, reminderInput.parse({ title: `reminder ${reminder}`, in: "PT10S", channelIds: [channelId] }), clockAt(noon));
    }
  });
/** One turn in which everything that is sent ends as `end` says. Returns how many sends there were. */
async function sends(at: Date, end: Parameters<StepWorker["turn"]>[1]): Promise<number> {
  const begun = new Set<string>();
  await worker.turn(at, (go) => {
    begun.add(go.deliveryId);
    return end?.(go) ?? null;
  });
  return begun.size;
}
const health = async () => (await caller.channels.byId({ id: channelId })).health;

test(
  "an endpoint that is down for hours is tried by one message at a time, and what waited goes as soon as one gets through",
  { ...faultOptions, timeout: 180_000 },
  async () => {
    await remind(20);
    expect(await sends(after(10), fails)).toBe(20);
    expect(await health()).toEqual({
      lastSuccessAt: null,
      lastFailureAt: after(10).toISOString(),
      lastFailure: "http_500",
      failuresInRow: 20,
      circuit: "open",
      nextTryAt: after(40).toISOString(),
    });
    expect(await api.admin.worker.stats()).toMatchObject({
      channels: [{ type: "in_app" }, { type: "webhook", channels: 1, failing: 1, paused: 1 }],
    });
    expect(await sends(after(39), fails)).toBe(0);
    let tries = 0;
    for (let minute = 1; minute <= 180; minute += 1) {
      const sent = await sends(after(minute * 60), fails);
      expect(sent).toBeLessThanOrEqual(1);
      tries += sent;
    }
    expect(tries).toBeGreaterThan(30);
    expect(tries).toBeLessThan(50);
    expect((await caller.reminders.deliveries({ channelId, limit: 100 })).items.every(({ status }) => status === "pending")).toBe(true);

    const back = after(3 * 3600 + 300);
    expect(await sends(back, () => null)).toBe(1);
    expect(await health()).toMatchObject({ circuit: "closed", failuresInRow: 0, nextTryAt: null, lastSuccessAt: back.toISOString() });
    // Those that waited for the circuit; those that tried it keep their own retries, an hour apart at most.
    expect(await sends(back, () => null)).toBeGreaterThan(1);
    await sends(new Date(back.getTime() + 4_400_000), () => null);
    expect((await caller.reminders.deliveries({ channelId, limit: 100, status: "delivered" })).items).toHaveLength(20);
  },
);

test("of two workers that ask at the same moment one may try", async () => {
  await remind(10);
  await sends(after(10), fails);
  const other = new StepWorker(api.services);
  const at = after(60);
  const claims = [await worker.claim(at, 30), await other.claim(at, 30)].flat();
  const halves = [claims.slice(0, 5), claims.slice(5)];
  const decisions = (await Promise.all(halves.map((leases) => worker.begin(leases, at)))).flat();
  expect(decisions.filter(({ decision }) => decision === "go")).toHaveLength(1);
  expect(decisions.filter((one) => one.decision === "defer" && one.reason === "circuit_open")).toHaveLength(9);
});

test("one success between failures keeps the circuit closed, and refusals for good do not open it", async () => {
  await remind(20);
  let sent = 0;
  await sends(after(10), () => ((sent += 1) === 7 ? null : fails()));
  expect(await health()).toMatchObject({ circuit: "closed", failuresInRow: 0, lastFailure: "http_500" });
  await remind(20);
  await sends(after(20), () => ({ outcome: "permanent", error: "http_413" }));
  expect(await health()).toMatchObject({ circuit: "closed", lastFailure: "http_413" });
});

test("a test message is sent although the circuit is open, and its arrival closes it", async () => {
  await remind(6);
  await sends(after(10), fails);
  expect(await health()).toMatchObject({ circuit: "open" });
  const { deliveryId } = await caller.channels.test({ id: channelId });
  const [test] = (await caller.reminders.deliveries({ channelId, limit: 1 })).items;
  expect(test?.id).toBe(deliveryId);
  const at = new Date(Date.parse(test?.dueAt ?? ""));
  const sent = await worker.turn(at);
  expect(sent.map((go) => go.deliveryId)).toContain(deliveryId);
  expect(await health()).toMatchObject({ circuit: "closed" });
});

test("switching a channel off and on again forgets its failures", async () => {
  await remind(6);
  await sends(after(10), fails);
  const { version } = await caller.channels.byId({ id: channelId });
  const off = await caller.channels.update({ id: channelId, version, disabled: true });
  expect(off).toMatchObject({ disabledReason: "disabled_by_user" });
  const on = await caller.channels.update({ id: channelId, version: off.version, disabled: false });
  expect(on).toMatchObject({ disabledAt: null, health: { circuit: "closed", failuresInRow: 0 } });
});

test("a receiver that asks for it switches its channel off, with the reason and an event", async () => {
  await remind(1);
  await sends(after(10), () => ({ outcome: "permanent", error: "http_410", disableChannel: true }));
  expect(await caller.channels.byId({ id: channelId })).toMatchObject({ disabledAt: after(10).toISOString(), disabledReason: "http_410" });
  expect((await caller.events.list()).items).toContainEqual(
    expect.objectContaining({ type: "channel.disabled", payload: { channelId, reason: "http_410" } }),
  );
});

/** A reminder of one time whose only delivery was refused for good. */
async function deadLetter() {
  await remind(1);
  await sends(after(10), () => ({ outcome: "permanent", error: "http_413" }));
  const [delivery] = (await caller.reminders.deliveries({ channelId, status: "dead" })).items;
  if (delivery?.reminderId == null) throw new Error("no dead letter");
  expect(await caller.reminders.byId({ id: delivery.reminderId })).toMatchObject({ status: "expired", statusReason: "never_delivered" });
  return { deliveryId: delivery.id, reminderId: delivery.reminderId };
}
const dueAgain = async (deliveryId: string) => {
  const found = (await caller.reminders.deliveries({ channelId })).items.find(({ id }) => id === deliveryId);
  return new Date(Date.parse(found?.nextAttemptAt ?? ""));
};

test("a dead letter that its user sends again arrives, and its reminder is completed by it", async () => {
  const { deliveryId, reminderId } = await deadLetter();
  expect(await asUser((tx) => replayDelivery(tx, deliveryId, clockAt(after(60))))).toMatchObject({ status: "pending", attempts: 0 });
  expect(await sends(after(60), () => null)).toBe(1);
  expect(await caller.reminders.byId({ id: reminderId })).toMatchObject({ status: "completed", firedCount: 1 });
  await expect(caller.reminders.replay({ deliveryId })).rejects.toThrow("The delivery is delivered");
});

test("what would not be sent is not sent again, and says why", async () => {
  const { deliveryId, reminderId } = await deadLetter();
  await caller.reminders.complete({ id: reminderId });
  await expect(caller.reminders.replay({ deliveryId })).rejects.toThrow("The occurrence is completed");
  await caller.reminders.cancel({ id: reminderId });
  await expect(caller.reminders.replay({ deliveryId })).rejects.toThrow("The reminder is cancelled");
  const { version } = await caller.channels.byId({ id: channelId });
  await caller.channels.update({ id: channelId, version, disabled: true });
  await expect(caller.reminders.replay({ deliveryId })).rejects.toThrow("The channel is disabled (disabled_by_user)");
});

test("the operator sees dead letters as ids and counts, by type, and sends them again for their users alone", async () => {
  const { deliveryId } = await deadLetter();
  const stranger = await api.createUser();
  const letter = {
    userId,
    deliveryId,
    channelId,
    channelType: "webhook",
    status: "dead",
    attempts: 1,
    dueAt: after(10).toISOString(),
    settledAt: after(10).toISOString(),
  };
  expect(await api.admin.worker.deadLetters()).toEqual({ items: [letter], nextCursor: null });
  expect((await api.admin.worker.deadLetters({ status: "unknown" })).items).toEqual([]);
  expect((await api.admin.worker.stats()).channels).toContainEqual(expect.objectContaining({ type: "webhook", dead: 1 }));
  await expect(caller.worker.deadLetters()).rejects.toMatchObject({ code: "FORBIDDEN" });
  const deliveries = [
    { userId: stranger.userId, deliveryId },
    { userId, deliveryId: newId() },
    { userId, deliveryId },
  ];
  expect(await api.admin.worker.replay({ deliveries })).toEqual({ replayed: 1, refused: 2 });
  expect((await api.admin.worker.deadLetters()).items).toEqual([]);
  expect(await sends(await dueAgain(deliveryId), () => null)).toBe(1);
});

test("dead letters come in pages", async () => {
  await remind(5);
  await sends(after(10), () => ({ outcome: "permanent", error: "http_413" }));
  const first = await api.admin.worker.deadLetters({ limit: 3 });
  const second = await api.admin.worker.deadLetters({ limit: 3, cursor: first.nextCursor ?? "" });
  expect([first.items.length, second.items.length, second.nextCursor]).toEqual([3, 2, null]);
  expect(new Set([...first.items, ...second.items].map(({ deliveryId }) => deliveryId)).size).toBe(5);
});
