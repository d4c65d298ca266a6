import { clockAt, createChannelRepository, createUserRepository, type UserTransaction } from "@mema/db";
import { faultOptions } from "@mema/db/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { StepWorker } from "../testing-worker.ts";
import { deleteChannel } from "./channels.ts";
import { acknowledgeReminder, completeReminder, skipOccurrence } from "./reminder-life.ts";
import { updateOccurrence } from "./reminder-occurrences.ts";
import { resumeReminder } from "./reminder-reopen.ts";
import { updateReminder } from "./reminders.ts";

/* What nobody will look at any more has an end, and what was promised is sent, whatever falls together. */

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);
const clock = (seconds: number) => clockAt(after(seconds));

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

const change = <T>(body: (tx: UserTransaction) => Promise<T>) => stage.asUser(body);
/** A channel of the user's that sends nothing anywhere. */
const logChannel = () => change((tx) => createChannelRepository(tx).create({ type: "log", name: "log", verifiedAt: noon }));
const disable = async (id: string) => {
  await change((tx) => createChannelRepository(tx).mark(id, { disabledAt: noon, disabledReason: "disabled_by_user" }));
};
const sentAt = async (seconds: number) => (await stage.worker.turn(after(seconds))).length;
const steps = async (id: string) => Object.fromEntries((await stage.deliveries(id)).map(({ step, status }) => [step, status]));

test("a reminder whose last message expired before it could be sent ends as never delivered", async () => {
  const { id } = await stage.create({ in: "PT10S", misfireGraceSeconds: 60 }, noon);
  await stage.worker.expand(after(10));
  expect(await sentAt(100)).toBe(0);
  expect(await stage.row(id)).toMatchObject({ status: "expired", statusReason: "never_delivered", nextOccurrenceAt: null });
  expect(await stage.deliveries(id)).toMatchObject([{ status: "failed", statusReason: "expired" }]);
});

test("a reminder whose only channel is off ends as never delivered, and one that was delivered elsewhere as completed", async () => {
  const [off, on] = [await logChannel(), await logChannel()];
  const { id: never } = await stage.create({ in: "PT10S", channelIds: [off.id] }, noon);
  const { id: once } = await stage.create({ in: "PT10S", channelIds: [on.id], nag: [60] }, noon);
  await stage.worker.expand(after(10));
  await disable(off.id);
  expect(await sentAt(10)).toBe(1);
  expect(await stage.row(never)).toMatchObject({ status: "expired", statusReason: "never_delivered" });
  await disable(on.id);
  expect(await sentAt(70)).toBe(0);
  expect(await stage.row(once)).toMatchObject({ status: "completed", statusReason: "fired" });
});

test("two workers that drop the last two messages of a reminder at the same moment end it", async () => {
  const [one, two] = [await logChannel(), await logChannel()];
  const { id } = await stage.create({ in: "PT10S", channelIds: [one.id, two.id] }, noon);
  await stage.worker.expand(after(10));
  const leases = await stage.worker.claim(after(10));
  expect(leases).toHaveLength(2);
  await disable(one.id);
  await disable(two.id);
  const workers = leases.map((lease) => ({ lease, worker: new StepWorker(stage.api.services) }));
  const decisions = await Promise.all(workers.map(({ lease, worker }) => worker.begin([lease], after(11))));
  expect(decisions.flat().map(({ decision }) => decision)).toEqual(["drop", "drop"]);
  expect(await stage.row(id)).toMatchObject({ status: "expired", statusReason: "never_delivered" });
});

test("what waited for a channel that is deleted goes to the inbox", async () => {
  const channel = await logChannel();
  const { id } = await stage.create({ in: "PT10S", channelIds: [channel.id], nag: [60] }, noon);
  await stage.worker.expand(after(0));
  await change((tx) => deleteChannel(tx, channel.id));
  expect(await sentAt(10)).toBe(1);
  expect(await sentAt(70)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
});

test("an edit takes back what a worker has claimed and not begun, and the new plan is kept to the second", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }] }, noon);
  await stage.worker.expand(after(3000));
  const claimed = await stage.worker.claim(after(3000));
  expect(claimed).toHaveLength(1);
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 300 }] }, clock(3001)));
  await stage.worker.expand(after(3002));
  expect((await stage.worker.begin(claimed, after(3003))).map(({ decision }) => decision)).toEqual(["lost"]);
  expect(await sentAt(3299)).toBe(0);
  expect(await sentAt(3300)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
});

test("what was being sent while an edit took its alert away is not tried again, and the new alert comes", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }] }, noon);
  await stage.worker.expand(after(3000));
  const [lease] = await stage.worker.claim(after(3000));
  if (lease === undefined) throw new Error("nothing was claimed");
  expect(await stage.worker.begin([lease], after(3000))).toMatchObject([{ decision: "go" }]);
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 300 }] }, clock(3001)));
  await stage.worker.expand(after(3002));
  const { userId, deliveryId, leaseToken } = lease;
  const end = { userId, deliveryId, leaseToken, outcome: "transient" as const, error: "http_500" };
  expect(await stage.worker.settle([end], after(3002))).toMatchObject([{ status: "failed" }]);
  expect(await sentAt(3250)).toBe(0);
  expect(await sentAt(3300)).toBe(1);
  expect(await steps(id)).toEqual({ "alert:300": "delivered", "alert:600": "failed" });
});

test("an alert that an edit keeps is tried on when the send that the edit met fails", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }] }, noon);
  await stage.worker.expand(after(3000));
  const [lease] = await stage.worker.claim(after(3000));
  if (lease === undefined) throw new Error("nothing was claimed");
  await stage.worker.begin([lease], after(3000));
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] }, clock(3001)));
  await stage.worker.expand(after(3002));
  const { userId, deliveryId, leaseToken } = lease;
  await stage.worker.settle([{ userId, deliveryId, leaseToken, outcome: "transient", error: "http_500" }], after(3002));
  expect(await sentAt(3020)).toBe(1);
  expect(await sentAt(3600)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
});

test("alerts that are changed after the first of them went out come at their new times", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] }, noon);
  expect(await sentAt(3000)).toBe(1);
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 300 }] }, clock(3100)));
  expect(await sentAt(3300)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
  expect(await sentAt(3600)).toBe(0);
});

test("a reminder that is taken up again after its only alert, and before its time, comes at its time", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }] }, noon);
  expect(await sentAt(3000)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed" });
  await change((tx) => completeReminder(tx, { id }, clock(3010)));
  await change((tx) => resumeReminder(tx, { id }, clock(3020)));
  expect(await sentAt(3599)).toBe(0);
  expect(await sentAt(3600)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed" });
  expect(await stage.history(id)).toEqual([[after(3600).toISOString(), "fired"]]);
});

test("two alerts at one moment to one channel are one message", async () => {
  const channel = await logChannel();
  const alert = { beforeSeconds: 600, channelIds: [channel.id] };
  await stage.create({ in: "PT1H", alerts: [alert, alert] }, noon);
  expect(await sentAt(3000)).toBe(1);
});

test("acknowledging after an early alert is enough: its time comes without another message", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }], nag: [60] }, noon);
  expect(await sentAt(3000)).toBe(1);
  await change((tx) => acknowledgeReminder(tx, { id }, clock(3100)));
  expect(await sentAt(3600)).toBe(0);
  expect(await sentAt(3660)).toBe(0);
  expect(await stage.row(id)).toMatchObject({ status: "completed", statusReason: "acknowledged_by_user" });
});

test("acknowledging takes the occurrence that told of itself, not an older one, and the next one comes as ever", async () => {
  const every = { every: { seconds: 3600 }, dtstartLocal: "2026-11-22T14:00:00", alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] };
  const { id } = await stage.create(every, noon);
  expect(await sentAt(3000)).toBe(1);
  expect(await sentAt(3600)).toBe(1);
  await change((tx) => acknowledgeReminder(tx, { id }, clock(3700)));
  expect(await sentAt(6600)).toBe(1);
  await change((tx) => acknowledgeReminder(tx, { id }, clock(6700)));
  expect(await sentAt(7200)).toBe(0);
  expect((await stage.history(id)).slice(-2)).toEqual([
    [after(7200).toISOString(), "acknowledged"],
    [after(3600).toISOString(), "acknowledged"],
  ]);
  expect(await sentAt(10_200)).toBe(1);
});

test("nothing has told of an occurrence yet: there is nothing to acknowledge", async () => {
  const { id } = await stage.create({ in: "PT1M", alerts: [{ beforeSeconds: 0 }] }, noon);
  await stage.worker.expand(after(30));
  await expect(change((tx) => acknowledgeReminder(tx, { id }, clock(31)))).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});

test("what was overdue and not looked at when a user changed zone fires late, not never", faultOptions, async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" }, noon);
  // 14:00 in Berlin was half an hour ago, and no worker was there; in New York it is 08:30.
  await stage.moveTo("America/New_York", after(5400));
  expect(await sentAt(5400)).toBe(1);
  expect(await sentAt(7 * 3600)).toBe(1);
  expect((await stage.row(id)).firedCount).toBe(2);
});

test(
  "a one-time reminder that is overdue when its user changes zone fires once, however far the new zone's clock is behind",
  faultOptions,
  async () => {
    const overdue = await stage.create({ at: { local: "2026-11-22T14:00:00" } }, noon);
    const claimed = await stage.create({ at: { local: "2026-11-22T14:00:00" } }, noon);
    await stage.worker.expand(after(3600));
    await change((tx) =>
      tx.query.reminderDeliveries.findMany().then((rows) => {
        expect(rows).toHaveLength(2);
      }),
    );
    await stage.moveTo("America/New_York", after(3601));
    const { id } = await stage.create({ at: { local: "2026-11-22T09:00:00" } }, after(3602));
    await stage.moveTo("Europe/Berlin", after(3603));
    expect(await sentAt(3603)).toBe(3);
    expect(await sentAt(7 * 3600)).toBe(0);
    for (const each of [overdue.id, claimed.id, id]) expect(await stage.row(each)).toMatchObject({ status: "completed", firedCount: 1 });
  },
);

test("an edit of the alerts while an occurrence is overdue and not looked at keeps that occurrence", async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" }, noon);
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 600 }] }, clock(5400)));
  expect(await sentAt(5400)).toBe(1);
});

test("while a user is silent, an overdue occurrence is skipped by an edit as by the worker", async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" }, noon);
  await change(async (tx) => {
    const users = createUserRepository(tx);
    await users.update((await users.get()).version, { status: "paused" });
    await updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 600 }] }, clock(5400));
  });
  expect(await stage.history(id)).toEqual([[after(3600).toISOString(), "skipped"]]);
});

test("the last of a series is skipped while an earlier one still nags: it nags on until it is answered", async () => {
  const { id } = await stage.create({ every: { seconds: 600 }, countTotal: 2, nag: [3600, 7200] }, noon);
  expect(await sentAt(600)).toBe(1);
  await change((tx) => skipOccurrence(tx, { id }, clock(700)));
  expect(await stage.row(id)).toMatchObject({ status: "active" });
  expect(await sentAt(4200)).toBe(1);
  await change((tx) => acknowledgeReminder(tx, { id }, clock(4300)));
  expect(await sentAt(7800)).toBe(0);
  expect(await stage.row(id)).toMatchObject({ status: "completed" });
});

test("an occurrence that was moved alone past its own time can be answered after an edit of the alerts", async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" }, noon);
  await change((tx) => updateOccurrence(tx, { id, version: 1, at: { local: "2026-11-22T17:00:00" } }, clock(1)));
  await change((tx) => updateReminder(tx, id, 2, { alerts: [{ beforeSeconds: 600 }] }, clock(2)));
  await change((tx) => completeReminder(tx, { id }, clock(3)));
  expect(await stage.history(id)).toEqual([[after(3600).toISOString(), "completed"]]);
  expect(await sentAt(4 * 3600)).toBe(0);
  expect(await sentAt(25 * 3600 - 600)).toBe(1);
});

test("an alert that an edit keeps is tried again when the worker that was sending it is dead", async () => {
  const { id } = await stage.create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }] }, noon);
  await stage.worker.expand(after(3000));
  await stage.worker.begin(await stage.worker.claim(after(3000)), after(3000));
  await change((tx) => updateReminder(tx, id, 1, { alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] }, clock(3001)));
  expect(await sentAt(3100)).toBe(1);
  expect(await sentAt(3600)).toBe(1);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
});
