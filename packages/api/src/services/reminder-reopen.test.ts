import { clockAt, type UserTransaction } from "@mema/db";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import type { ReminderTiming } from "./reminder-definition.ts";
import { cancelReminder, completeReminder, pauseReminder, skipOccurrence, snoozeReminder } from "./reminder-life.ts";
import { reopenReminder, resumeReminder } from "./reminder-reopen.ts";
import { undoLastChange } from "./reminder-undo.ts";

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
const reopen = (id: string, timing: ReminderTiming, seconds: number, version?: number) =>
  change((tx) => reopenReminder(tx, { id, version, ...timing }, clock(seconds)));
const sentAt = async (seconds: number) => (await stage.worker.turn(after(seconds))).length;

describe("an ended reminder with a new time", () => {
  test.each([
    ["has fired", async (id: string) => void (await sentAt(10), id)],
    ["was completed", (id: string) => change(async (tx) => void (await completeReminder(tx, { id }, clock(5))))],
    ["was cancelled", (id: string) => change(async (tx) => void (await cancelReminder(tx, { id }, clock(5))))],
    ["was missed", async (id: string) => void (await sentAt(200_000), id)],
  ])("one that %s comes at the new time, once", async (_name, end) => {
    const { id } = await stage.create({ in: "PT10S" }, noon);
    await end(id);
    const ended = await stage.row(id);
    expect(["completed", "cancelled", "expired"]).toContain(ended.status);
    const view = await reopen(id, { in: "PT1H" }, 300_000, ended.version);
    expect(view).toMatchObject({ status: "active", statusReason: null, version: ended.version + 1, next: { at: after(303_600) } });
    expect(await sentAt(303_599)).toBe(0);
    expect(await sentAt(303_600)).toBe(1);
    expect(await stage.row(id)).toMatchObject({ status: "completed", firedCount: 1 });
    expect(await sentAt(400_000)).toBe(0);
  });

  test("an occurrence from before that goes out once more is not 'never delivered'", async () => {
    const { id } = await stage.create({ in: "PT10S" }, noon);
    expect(await sentAt(10)).toBe(1);
    await reopen(id, { in: "PT1H" }, 20);
    await change((tx) => skipOccurrence(tx, { id }, clock(30)));
    await change((tx) => snoozeReminder(tx, { id }, { for: "PT10M" }, clock(40)));
    expect(await sentAt(640)).toBe(1);
    expect(await stage.row(id)).toMatchObject({ status: "completed", statusReason: "fired" });
  });

  test("may become a series, and keeps its title, channels, alerts and nags", async () => {
    const { id } = await stage.create({ in: "PT10S", nag: [600], alerts: [{ beforeSeconds: 60 }, { beforeSeconds: 0 }] }, noon);
    await change((tx) => cancelReminder(tx, { id }, clock(1)));
    const view = await reopen(id, { rrule: "FREQ=DAILY", dtstartLocal: "2026-11-23T09:00:00" }, 60);
    expect(view).toMatchObject({
      kind: "recurring",
      title: "Buy bread",
      nag: [600],
      alerts: [{ beforeSeconds: 60 }, { beforeSeconds: 0 }],
    });
    const nine = (new Date("2026-11-23T08:00:00Z").getTime() - noon.getTime()) / 1000;
    expect([await sentAt(nine - 60), await sentAt(nine), await sentAt(nine + 600), await sentAt(nine + 86_340)]).toEqual([1, 1, 1, 1]);
  });

  test("a series that repeats from completion and is used up counts anew", async () => {
    const { id } = await stage.create({ every: { seconds: 3600 }, countTotal: 1, repeatFrom: "completion" }, noon);
    expect(await sentAt(3600)).toBe(1);
    expect(await change((tx) => completeReminder(tx, { id }, clock(3700)))).toMatchObject({ status: "completed" });
    await reopen(id, { every: { seconds: 600 }, countTotal: 2 }, 4000);
    expect(await sentAt(4600)).toBe(1);
    await change((tx) => completeReminder(tx, { id }, clock(4700)));
    expect(await sentAt(5300)).toBe(1);
    expect(await change((tx) => completeReminder(tx, { id }, clock(5400)))).toMatchObject({ status: "completed" });
  });

  test("is undone with everything that came with it", async () => {
    const { id } = await stage.create({ in: "PT10S" }, noon);
    expect(await sentAt(10)).toBe(1);
    const before = await stage.row(id);
    await reopen(id, { in: "PT1H" }, 20);
    await change((tx) => undoLastChange(tx, { id }, clock(30)));
    const { version: _version, updatedAt: _updatedAt, ...row } = await stage.row(id);
    expect(before).toMatchObject(row);
    expect(await sentAt(7200)).toBe(0);
  });
});

describe("an ended reminder without a new time", () => {
  test("goes on by its rule", async () => {
    const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" }, noon);
    await change((tx) => cancelReminder(tx, { id }, clock(1)));
    expect(await reopen(id, {}, 10)).toMatchObject({ status: "active", next: { at: after(3600) } });
    expect((await change((tx) => tx.query.reminderChanges.findMany())).map(({ action }) => action)).toEqual(["cancelled", "reopened"]);
  });

  test("is refused when its rule has nothing left, and says what to give", async () => {
    const { id } = await stage.create({ in: "PT10S" }, noon);
    expect(await sentAt(10)).toBe(1);
    await expect(reopen(id, {}, 20)).rejects.toMatchObject({ code: "PRECONDITION_FAILED", message: expect.stringContaining("new time") });
  });
});

test("one that is active or paused is refused: it is changed or resumed instead", async () => {
  const { id } = await stage.create({ in: "PT1H" }, noon);
  await expect(reopen(id, { in: "PT2H" }, 1)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  await change((tx) => pauseReminder(tx, { id }, clock(2)));
  await expect(reopen(id, { in: "PT2H" }, 3)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});

test("a new time in the past, and an old version, change nothing", async () => {
  const { id } = await stage.create({ in: "PT1H" }, noon);
  const { version } = await change((tx) => cancelReminder(tx, { id }, clock(1)));
  await expect(reopen(id, { at: { local: "2026-11-22T08:00:00" } }, 2)).rejects.toMatchObject({ issues: [{ path: ["at", "local"] }] });
  await expect(reopen(id, { in: "PT2H" }, 2, version - 1)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await stage.row(id)).toMatchObject({ status: "cancelled", version });
});

test.each([
  ["reopened", (tx: UserTransaction, id: string) => reopenReminder(tx, { id, in: "PT1H" }, clock(30))],
  ["resumed", (tx: UserTransaction, id: string) => resumeReminder(tx, { id }, clock(30))],
  ["snoozed", (tx: UserTransaction, id: string) => snoozeReminder(tx, { id }, { for: "PT1H" }, clock(30))],
  ["restored", (tx: UserTransaction, id: string) => undoLastChange(tx, { id }, clock(30))],
])("an ended reminder is not %s beside an active one of its dedupe key: a conflict that says so", async (name, act) => {
  const input = { in: "PT1H", dedupeKey: "bread" };
  const { id } = await stage.create(name === "snoozed" ? { ...input, in: "PT5S" } : input, noon);
  if (name === "snoozed") expect(await sentAt(5)).toBe(1);
  else await change((tx) => cancelReminder(tx, { id }, clock(10)));
  const other = await stage.create(input, after(20));
  expect(other.deduplicated).toBe(false);
  const refused = change(async (tx) => void (await act(tx, id)));
  await expect(refused).rejects.toMatchObject({ code: "CONFLICT", message: expect.stringContaining("dedupeKey") });
});
