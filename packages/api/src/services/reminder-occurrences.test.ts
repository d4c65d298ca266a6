import { clockAt, type UserTransaction } from "@mema/db";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { pauseReminder, skipOccurrence, snoozeReminder } from "./reminder-life.ts";
import { type OccurrenceEditInput, updateOccurrence } from "./reminder-occurrences.ts";
import { viewReminder } from "./reminder-view.ts";
import { resumeReminder } from "./reminder-reopen.ts";
import { updateReminder } from "./reminders.ts";

const instant = (iso: string) => new Date(iso);
const noon = instant("2026-11-22T12:00:00Z");
/** 09:00 in Berlin on a day of November 2026. */
const nine = (day: number) => instant(`2026-11-${day}T08:00:00Z`);

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

const change = <T>(body: (tx: UserTransaction) => Promise<T>) => stage.asUser(body);
const edit = (input: OccurrenceEditInput, at = noon) => change((tx) => updateOccurrence(tx, input, clockAt(at)));
const daily = (more: object = {}) => stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-23T09:00:00", ...more }, noon);
const times = (view: { upcoming: { at: Date }[] }) => view.upcoming.map(({ at }) => at.toISOString().slice(5, 16));
/** When it fires from now on, looking every half hour for some days. */
async function firings(from: Date, days: number): Promise<string[]> {
  const fired: string[] = [];
  for (let at = from.getTime(); at <= from.getTime() + days * 86_400_000; at += 1_800_000) {
    const sent = await stage.worker.turn(new Date(at));
    fired.push(...sent.map(() => new Date(at).toISOString().slice(5, 16)));
  }
  return fired;
}

test("moves one occurrence and no other: it fires at its new time only", async () => {
  const { id, version } = await daily();
  const view = await edit({ id, version, occurrenceAt: nine(24), at: { local: "2026-11-24T18:30:00" } });
  expect(view.version).toBe(2);
  expect(view.rrule).toBe("FREQ=DAILY");
  expect(times(view)).toEqual(["11-23T08:00", "11-24T17:30", "11-25T08:00"]);
  expect(view.upcoming[1]).toMatchObject({ occurrenceAt: nine(24), local: "2026-11-24T18:30:00", title: null });
  expect(await firings(noon, 4)).toEqual(["11-23T08:00", "11-24T17:30", "11-25T08:00", "11-26T08:00"]);
});

test("moved before earlier ones, or past later ones, it fires in the new order, each once", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, occurrenceAt: nine(25), at: { local: "2026-11-22T20:00:00" } });
  const view = await edit({ id, version: 2, occurrenceAt: nine(24), at: { local: "2026-11-26T12:00:00" } });
  expect(times(view)).toEqual(["11-22T19:00", "11-23T08:00", "11-26T08:00"]);
  expect(await firings(noon, 5)).toEqual(["11-22T19:00", "11-23T08:00", "11-26T08:00", "11-26T11:00", "11-27T08:00"]);
});

test("without naming one, edits the next; its title and notes hold for this once", async () => {
  const { id } = await daily();
  const view = await edit({ id, version: 1, title: "Buy cake", notes: "for Dima" });
  expect(view).toMatchObject({ title: "Buy bread", upcoming: [{ title: "Buy cake", occurrenceAt: nine(23) }, { title: null }, {}] });
  const sent = [...(await stage.worker.turn(nine(23))), ...(await stage.worker.turn(nine(24)))];
  expect(sent).toHaveLength(2);
  const inbox = await stage.history(id);
  expect(inbox.map(([, status]) => status)).toEqual(["fired", "fired"]);
});

test("null takes an edit back", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, occurrenceAt: nine(24), at: { local: "2026-11-24T18:30:00" }, title: "Late" });
  const view = await edit({ id, version: 2, occurrenceAt: nine(24), at: null, title: null });
  expect(times(view)).toEqual(["11-23T08:00", "11-24T08:00", "11-25T08:00"]);
  expect(await firings(noon, 3)).toEqual(["11-23T08:00", "11-24T08:00", "11-25T08:00"]);
});

test("says when a clock change moves the new time", async () => {
  const { id } = await stage.create({ rrule: "FREQ=WEEKLY", dtstartLocal: "2027-03-27T09:00:00" }, noon);
  const view = await edit({ id, version: 1, at: { local: "2027-03-28T02:30:00" } });
  expect(view.next).toMatchObject({ local: "2027-03-28T03:30:00", shiftedBySeconds: 3600 });
});

test("the alerts before it move with it, and those whose moment is past are left out", async () => {
  const { id } = await daily({ dtstartLocal: "2026-11-24T09:00:00", alerts: [{ beforeSeconds: 86_400 }, { beforeSeconds: 600 }] });
  await edit({ id, version: 1, occurrenceAt: nine(26), at: { local: "2026-11-22T20:00:00" } });
  expect(await firings(noon, 0.4)).toEqual(["11-22T19:00"]);
  const sent = (await stage.deliveries(id)).filter(({ status }) => status === "delivered");
  expect(sent.map(({ dueAt }) => dueAt.toISOString())).toEqual(["2026-11-22T18:50:00.000Z"]);
});

test("a delivery that was claimed for the old time is not sent, and the one at the new time is", async () => {
  const { id } = await daily();
  await stage.worker.expand(nine(23));
  const row = (await stage.history(id))[0];
  expect(row).toEqual([nine(23).toISOString(), "due"]);
  const { id: early } = await daily({ alerts: [{ beforeSeconds: 600 }] });
  const alert = new Date(nine(23).getTime() - 600_000);
  await stage.worker.expand(alert);
  const claimed = (await stage.worker.claim(alert)).filter(({ dueAt }) => dueAt.getTime() === alert.getTime());
  expect(claimed).toHaveLength(1);
  await edit({ id: early, version: 1, at: { local: "2026-11-23T12:00:00" } }, alert);
  expect(await stage.worker.begin(claimed, alert)).toMatchObject([{ decision: "lost" }]);
  expect((await stage.deliveries(early)).filter(({ status }) => status === "pending").map(({ dueAt }) => dueAt.toISOString())).toEqual([
    "2026-11-23T10:50:00.000Z",
  ]);
});

test("an edit of the rule keeps what was edited alone where the rule still has it, and drops the rest", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, occurrenceAt: nine(25), at: { local: "2026-11-25T12:00:00" } });
  await edit({ id, version: 2, occurrenceAt: nine(26), at: { local: "2026-11-26T12:00:00" } });
  const view = await change((tx) =>
    updateReminder(tx, id, 3, { rrule: "FREQ=DAILY;INTERVAL=2", dtstartLocal: "2026-11-23T09:00:00" }, clockAt(noon)),
  );
  expect(times(view)).toEqual(["11-23T08:00", "11-25T11:00", "11-27T08:00"]);
  expect(await firings(noon, 5)).toEqual(["11-23T08:00", "11-25T11:00", "11-27T08:00"]);
});

test("a pause and a change of alerts keep it", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, occurrenceAt: nine(24), at: { local: "2026-11-24T12:00:00" }, title: "Once" });
  await change((tx) => pauseReminder(tx, { id }, clockAt(noon)));
  await change((tx) => resumeReminder(tx, { id }, clockAt(noon)));
  const view = await change((tx) => updateReminder(tx, id, 4, { alerts: [{ beforeSeconds: 1800 }] }, clockAt(noon)));
  expect(view.upcoming[1]).toMatchObject({ at: instant("2026-11-24T11:00:00Z"), title: "Once" });
  expect(await firings(noon, 3)).toEqual(["11-23T07:30", "11-24T10:30", "11-25T07:30"]);
});

test("the last occurrence of a series can be moved past its end: the series is over when it has fired", async () => {
  const { id } = await daily({ rrule: "FREQ=DAILY;COUNT=2" });
  await edit({ id, version: 1, occurrenceAt: nine(24), at: { local: "2026-11-26T09:00:00" } });
  expect(await firings(noon, 5)).toEqual(["11-23T08:00", "11-26T08:00"]);
  expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 2 });
});

test("one that follows the user's zone keeps its wall clock in the new one", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, occurrenceAt: nine(25), at: { local: "2026-11-25T12:00:00" } });
  await stage.moveTo("America/New_York", noon);
  const view = await change(async (tx) => viewReminder(tx, id, { now: noon, userZone: "America/New_York" }));
  expect(view.upcoming.map(({ local }) => local)).toEqual(["2026-11-23T09:00:00", "2026-11-24T09:00:00", "2026-11-25T12:00:00"]);
});

test("a moved occurrence can be snoozed and skipped like any other", async () => {
  const { id } = await daily();
  await edit({ id, version: 1, at: { local: "2026-11-22T20:00:00" } });
  expect(await stage.worker.turn(instant("2026-11-22T19:00:00Z"))).toHaveLength(1);
  await change((tx) => snoozeReminder(tx, { id }, { for: "PT30M" }, clockAt(instant("2026-11-22T19:10:00Z"))));
  expect(await stage.worker.turn(instant("2026-11-22T19:40:00Z"))).toHaveLength(1);
  await edit({ id, version: 3, at: { local: "2026-11-24T07:00:00" } }, instant("2026-11-22T20:00:00Z"));
  const view = await change((tx) => skipOccurrence(tx, { id }, clockAt(instant("2026-11-22T20:00:00Z"))));
  expect(times(view)).toEqual(["11-25T08:00", "11-26T08:00", "11-27T08:00"]);
});

test.each([
  ["an instant that the rule does not have", { occurrenceAt: instant("2026-11-24T08:01:00Z"), title: "x" }, "BAD_REQUEST"],
  ["an occurrence before the start", { occurrenceAt: nine(22), title: "x" }, "BAD_REQUEST"],
  ["a new time in the past", { at: { local: "2026-11-22T12:59:00" } }, "BAD_REQUEST"],
  ["a zone that does not exist", { at: { local: "2026-11-24T12:00:00", tz: "Mars/Base" } }, "BAD_REQUEST"],
  ["an older version", { version: 0, title: "x" }, "CONFLICT"],
])("refuses %s", async (_name, input, code) => {
  const { id } = await daily();
  await expect(edit({ id, version: 1, ...input })).rejects.toMatchObject({ code });
  expect(await stage.row(id)).toMatchObject({ version: 1 });
});

test("an occurrence that has fired cannot be edited", async () => {
  const { id } = await daily();
  await stage.worker.turn(nine(23));
  await expect(edit({ id, version: 1, occurrenceAt: nine(23), title: "x" }, nine(23))).rejects.toMatchObject({
    code: "PRECONDITION_FAILED",
  });
});

test("of many edits of one version at once exactly one is made, and nothing of it is lost", async () => {
  const { id, version } = await daily();
  const edits = Array.from({ length: 10 }, (_, index) =>
    index % 2 === 0
      ? edit({ id, version, occurrenceAt: nine(24), title: `Alone ${index}` })
      : change((tx) => updateReminder(tx, id, version, { title: `All ${index}` }, clockAt(noon))),
  );
  const results = await Promise.allSettled(edits);
  const made = results.flatMap((result, index) => (result.status === "fulfilled" ? [{ index, view: result.value }] : []));
  expect(made).toHaveLength(1);
  for (const result of results) if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "CONFLICT" });
  const [winner] = made;
  const stored = await change((tx) => viewReminder(tx, id, { now: noon, userZone: "Europe/Berlin" }));
  expect(stored.version).toBe(2);
  expect(stored).toEqual({ ...winner?.view, updatedAt: stored.updatedAt });
});
