import { clockAt, type UserTransaction } from "@mema/db";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { acknowledgeReminder, cancelReminder, completeReminder, pauseReminder, skipOccurrence, snoozeReminder } from "./reminder-life.ts";
import { updateOccurrence } from "./reminder-occurrences.ts";
import { listChanges, undoLastChange } from "./reminder-undo.ts";
import { resumeReminder } from "./reminder-reopen.ts";
import { updateReminder } from "./reminders.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

const undo = (id: string, at: Date, version?: number) => stage.asUser((tx) => undoLastChange(tx, { id, version }, clockAt(at)));
const change = <T>(body: (tx: UserTransaction) => Promise<T>) => stage.asUser(body);

/** A daily reminder that has fired at noon and comes again tomorrow at noon. */
async function fired(): Promise<string> {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T13:00:00", nag: [600] }, after(-3600));
  expect(await stage.worker.turn(noon)).toHaveLength(1);
  return id;
}

const mutations: Record<string, (tx: UserTransaction, id: string, at: Date) => Promise<unknown>> = {
  updated: (tx, id, at) =>
    updateReminder(tx, id, 1, { title: "Buy milk", rrule: "FREQ=WEEKLY", dtstartLocal: "2026-11-27T07:00:00", alerts: [] }, clockAt(at)),
  occurrence_updated: (tx, id, at) =>
    updateOccurrence(tx, { id, version: 1, at: { local: "2026-11-23T18:00:00" }, title: "Once" }, clockAt(at)),
  snoozed: (tx, id, at) => snoozeReminder(tx, { id }, { for: "PT30M" }, clockAt(at)),
  completed: (tx, id, at) => completeReminder(tx, { id }, clockAt(at)),
  acknowledged: (tx, id, at) => acknowledgeReminder(tx, { id }, clockAt(at)),
  skipped: (tx, id, at) => skipOccurrence(tx, { id }, clockAt(at)),
  paused: (tx, id, at) => pauseReminder(tx, { id }, clockAt(at)),
  cancelled: (tx, id, at) => cancelReminder(tx, { id }, clockAt(at)),
};

describe.each(Object.entries(mutations))("undoing %s", (action, mutate) => {
  test("leaves the reminder as it was: its text, its rule, what has fired, what nags and what comes next", async () => {
    const id = await fired();
    const before = await stage.asUser((tx) => tx.query.reminders.findFirst());
    const history = await stage.history(id);
    const upcoming = (await undoneView(id, mutate, after(60))).upcoming.map(({ at }) => at.toISOString());
    const now = await stage.asUser((tx) => tx.query.reminders.findFirst());
    expect(now).toEqual({ ...before, version: 3, updatedAt: now?.updatedAt });
    expect((await stage.history(id)).filter(([, status]) => status !== "cancelled")).toEqual(history);
    expect(upcoming[0]).toBe("2026-11-23T12:00:00.000Z");
    expect(await stage.worker.turn(after(600))).toMatchObject([{ attempt: 1 }]);
    expect(await stage.worker.turn(after(3600))).toEqual([]);
    expect(await stage.worker.turn(after(86_400))).toHaveLength(1);
  });

  test("shows in the history as undone, and can be done once", async () => {
    const id = await fired();
    await undoneView(id, mutate, after(60));
    const { items } = await change((tx) => listChanges(tx, { id }, clockAt(after(70))));
    expect(items).toMatchObject([{ action, changedAt: after(60), undoneAt: after(61), undoableUntil: null }]);
    await expect(undo(id, after(80))).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  });

  test("is a conflict after a newer change", async () => {
    const id = await fired();
    const stale = (await stage.row(id)).version;
    await change((tx) => mutate(tx, id, after(60)));
    await expect(undo(id, after(61), stale)).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

async function undoneView(id: string, mutate: (tx: UserTransaction, id: string, at: Date) => Promise<unknown>, at: Date) {
  await change((tx) => mutate(tx, id, at));
  return (await undo(id, new Date(at.getTime() + 1000))).reminder;
}

test("a resumed reminder is paused again, and a reopened one ended", async () => {
  const id = await fired();
  await change((tx) => pauseReminder(tx, { id }, clockAt(after(60))));
  await change((tx) => resumeReminder(tx, { id }, clockAt(after(70))));
  expect((await undo(id, after(80))).reminder).toMatchObject({ status: "paused", next: null });
  expect(await stage.worker.turn(after(86_400))).toEqual([]);
});

test("what came due between a pause and its undo fires then, late, as after a downtime", async () => {
  const { id } = await stage.create({ every: { seconds: 300 } }, noon);
  await change((tx) => pauseReminder(tx, { id }, clockAt(after(10))));
  expect(await stage.worker.turn(after(700))).toEqual([]);
  await undo(id, after(700));
  expect(await stage.worker.turn(after(700))).toHaveLength(1);
  expect(await stage.history(id)).toEqual([
    [after(600).toISOString(), "fired"],
    [after(300).toISOString(), "missed"],
  ]);
});

test("what was due and not sent when it was edited away is sent after the undo, once", async () => {
  const { id } = await stage.create({ in: "PT10S" }, noon);
  await stage.worker.expand(after(10));
  await change((tx) => updateReminder(tx, id, 1, { in: "PT1H" }, clockAt(after(10))));
  await undo(id, after(20));
  expect(await stage.worker.turn(after(20))).toHaveLength(1);
  expect(await stage.worker.turn(after(4000))).toEqual([]);
});

test("a claimed delivery that was withdrawn comes back with the undo", async () => {
  const { id } = await stage.create({ in: "PT10S" }, noon);
  await stage.worker.expand(after(10));
  const claimed = await stage.worker.claim(after(10));
  await change((tx) => cancelReminder(tx, { id }, clockAt(after(10))));
  expect(await stage.worker.begin(claimed, after(11))).toMatchObject([{ decision: "lost" }]);
  await undo(id, after(12));
  expect(await stage.worker.turn(after(12))).toHaveLength(1);
});

test("undo is refused once something was sent after the change, and a nag of before does not count", async () => {
  const id = await fired();
  await change((tx) => updateReminder(tx, id, 1, { title: "Buy milk" }, clockAt(noon)));
  expect((await change((tx) => listChanges(tx, { id }, clockAt(after(1))))).items[0]?.undoableUntil).toEqual(after(7 * 86_400));
  expect(await stage.worker.turn(after(600))).toHaveLength(1);
  await expect(undo(id, after(601))).rejects.toMatchObject({ code: "CONFLICT" });
  expect((await change((tx) => listChanges(tx, { id }, clockAt(after(601))))).items[0]?.undoableUntil).toBeNull();
});

test("undo is refused while a send is under way, and after 7 days", async () => {
  const { id } = await stage.create({ in: "PT10S" }, noon);
  await change((tx) => updateReminder(tx, id, 1, { title: "Buy milk" }, clockAt(after(1))));
  await stage.worker.expand(after(10));
  await stage.worker.begin(await stage.worker.claim(after(10)), after(10));
  await expect(undo(id, after(11))).rejects.toMatchObject({ code: "CONFLICT" });
  const later = await stage.create({ in: "P30D" }, noon);
  await change((tx) => pauseReminder(tx, { id: later.id }, clockAt(noon)));
  await expect(undo(later.id, after(7 * 86_400))).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});

test("an undone edit of a reminder that follows the user's zone comes back in the new zone", async () => {
  const { id } = await stage.create({ at: { local: "2026-12-01T09:00:00" } }, noon);
  await change((tx) => updateReminder(tx, id, 1, { at: { local: "2026-12-05T09:00:00" } }, clockAt(noon)));
  await stage.moveTo("America/New_York", after(10));
  expect((await undo(id, after(20))).reminder.next).toMatchObject({ local: "2026-12-01T09:00:00", tz: "America/New_York" });
});

test("of several undos at once one takes the change back, the others are refused", async () => {
  const id = await fired();
  await change((tx) => pauseReminder(tx, { id }, clockAt(after(60))));
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => undo(id, after(70))));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await stage.row(id)).toMatchObject({ status: "active", version: 3 });
});

test("what a change replaced is forgotten with what it is about", async () => {
  const { caller, userId } = await stage.api.createUser();
  stage.userId = userId;
  const reminder = await caller.reminders.create({ title: "Call Dima", in: "P1D" });
  await caller.reminders.update({ id: reminder.id, version: 1, title: "Call a friend" });
  const found = await caller.entities.previewForget({ words: "Dima" });
  expect(found.reminders).toMatchObject([{ id: reminder.id }]);
  const { message } = await caller.messages.send({ text: "Dima likes tea" });
  await caller.messages.delete({ id: message.id });
  await expect(caller.reminders.undo({ id: reminder.id })).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  expect((await caller.entities.previewForget({ words: "Dima" })).reminders).toEqual([]);
});
