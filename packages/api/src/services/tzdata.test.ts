import { clockAt, createReminderRepository, reminderDeliveries, reminderOccurrences, reminders } from "@mema/db";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { skipOccurrence } from "./reminder-life.ts";
import { updateOccurrence } from "./reminder-occurrences.ts";
import { presentTzdata } from "./reminder-plan.ts";
import { viewReminder } from "./reminder-view.ts";
import { recomputeZones } from "./tzdata.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin("Africa/Cairo"));

const recompute = (at = noon) => recomputeZones(stage.api.services.db, {}, clockAt(at));
const hour = 3_600_000;

/** As if a tz database in which the zone was an hour behind had computed it. */
async function computedByAnOlderOne(id: string): Promise<void> {
  await stage.asUser(async (tx) => {
    const { expandFromAt, nextOccurrenceAt, nextWakeAt } = await createReminderRepository(tx).getById(id);
    const late = (at: Date | null) => (at === null ? null : new Date(at.getTime() + hour));
    const instants = { expandFromAt: late(expandFromAt), nextOccurrenceAt: late(nextOccurrenceAt), nextWakeAt: late(nextWakeAt) };
    await tx
      .update(reminders)
      .set({ ...instants, tzdataVersion: "2019a" })
      .where(eq(reminders.id, id));
  });
}

test("after an update of the tz database every coming occurrence is where its wall clock is now, and a second run finds nothing", async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T18:00:00" }, noon);
  const once = await stage.create({ at: { local: "2026-12-01T09:00:00", tz: "Asia/Tokyo" } }, noon);
  await computedByAnOlderOne(id);
  await computedByAnOlderOne(once.id);
  expect(await recompute()).toEqual({ users: 1, reminders: 2, moved: 2 });
  expect(await stage.row(id)).toMatchObject({ nextOccurrenceAt: new Date("2026-11-22T16:00:00Z"), tzdataVersion: presentTzdata() });
  expect(await stage.row(once.id)).toMatchObject({ nextOccurrenceAt: new Date("2026-12-01T00:00:00Z"), version: 1 });
  expect(await recompute()).toEqual({ users: 0, reminders: 0, moved: 0 });
  expect(await stage.worker.turn(new Date("2026-11-22T16:00:00Z"))).toHaveLength(1);
  expect(await stage.worker.turn(new Date("2026-11-22T17:00:00Z"))).toEqual([]);
});

test("what was queued for the old instant is sent at the new one only", async () => {
  const { id } = await stage.create({ at: { local: "2026-11-22T18:00:00" }, alerts: [{ beforeSeconds: 7200 }] }, noon);
  await stage.worker.expand(after(7200));
  await stage.asUser(async (tx) => {
    await tx.update(reminderOccurrences).set({ occurrenceAt: new Date("2026-11-22T17:00:00Z") });
    await tx.update(reminderDeliveries).set({ dueAt: after(10_800), nextAttemptAt: after(10_800) });
    await tx.update(reminders).set({ tzdataVersion: "2019a" });
  });
  await recompute(after(7200));
  expect(await stage.worker.turn(after(7200))).toHaveLength(1);
  expect(await stage.worker.turn(after(5 * 3600))).toEqual([]);
  expect((await stage.history(id)).filter(([, status]) => status !== "cancelled")).toEqual([["2026-11-22T16:00:00.000Z", "fired"]]);
});

test("what is overdue when the server starts still fires, once", async () => {
  const { id } = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T18:00:00" }, noon);
  await computedByAnOlderOne(id);
  const start = new Date("2026-11-22T19:30:00Z");
  await recompute(start);
  expect(await stage.worker.turn(start)).toHaveLength(1);
  expect(await stage.history(id)).toEqual([["2026-11-22T16:00:00.000Z", "fired"]]);
});

test("a skipped occurrence stays skipped, one edited alone keeps its wall clock, and what does not move is left alone", async () => {
  const skipped = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T18:00:00" }, noon);
  await stage.asUser((tx) => skipOccurrence(tx, { id: skipped.id }, clockAt(noon)));
  await computedByAnOlderOne(skipped.id);
  const edited = await stage.create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T18:00:00" }, noon);
  await stage.asUser((tx) => updateOccurrence(tx, { id: edited.id, version: 1, at: { local: "2026-11-22T20:00:00" } }, clockAt(noon)));
  const interval = await stage.create({ every: { seconds: 600 } }, noon);
  await stage.asUser((tx) => tx.update(reminders).set({ tzdataVersion: null }));
  expect(await recompute()).toEqual({ users: 1, reminders: 3, moved: 2 });
  const view = (id: string) => stage.asUser((tx) => viewReminder(tx, id, { now: noon, userZone: "Africa/Cairo" }));
  expect((await view(skipped.id)).next?.local).toBe("2026-11-23T18:00:00");
  expect((await view(edited.id)).next?.local).toBe("2026-11-22T20:00:00");
  expect((await view(interval.id)).next?.at).toEqual(after(600));
});

test("goes through all users and all their reminders in batches, and can be interrupted", async () => {
  for (let user = 0; user < 3; user += 1) {
    ({ userId: stage.userId } = await stage.api.createUser({ timezone: "Africa/Cairo" }));
    for (let count = 0; count < 5; count += 1) await stage.create({ in: "P2D" }, noon);
  }
  await stage.api.database.asOwner((owner) => owner.unsafe("alter table reminders no force row level security"));
  await stage.api.database.asOwner((owner) => owner.unsafe("update reminders set tzdata_version = '2019a'"));
  await stage.api.database.asOwner((owner) => owner.unsafe("alter table reminders force row level security"));
  const stop = AbortSignal.abort();
  expect(await recomputeZones(stage.api.services.db, { signal: stop }, clockAt(noon))).toEqual({ users: 0, reminders: 0, moved: 0 });
  expect(await recompute()).toEqual({ users: 3, reminders: 15, moved: 0 });
});
