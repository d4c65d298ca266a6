import { clockAt, createFactRepository } from "@mema/db";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReminderStage } from "../testing/reminder-stage.ts";
import { listChanges, undoLastChange } from "./reminder-undo.ts";
import { reanchorReminders } from "./reminders.ts";

const noon = new Date("2026-11-22T12:00:00Z");

let stage: ReminderStage;
beforeAll(async () => {
  stage = await ReminderStage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.begin());

const factOn = (eventDate: string) => stage.asUser((tx) => createFactRepository(tx).create({ content: "A birthday", eventDate }));
async function correct(factId: string, version: number, eventDate: string): Promise<string> {
  return stage.asUser(async (tx) => {
    const { fact } = await createFactRepository(tx).update(factId, version, { eventDate });
    await reanchorReminders(tx, fact.id, clockAt(noon));
    return fact.id;
  });
}
const locals = ({ upcoming }: { upcoming: { local: string }[] }) => upcoming.map(({ local }) => local);

test("3 days before a birthday on 1 March, every year: the 26th of February, in leap years the 27th", async () => {
  const fact = await factOn("1985-03-01");
  const reminder = await stage.create({ beforeFact: { factId: fact.id, offset: "P3D", time: "09:00", yearly: true } }, noon);
  expect(locals(reminder)).toEqual(["2027-02-26T09:00:00", "2028-02-27T09:00:00", "2029-02-26T09:00:00"]);
  for (const [at, sent] of [
    ["2027-02-26T08:00:00Z", 1],
    ["2028-02-26T08:00:00Z", 0],
    ["2028-02-27T08:00:00Z", 1],
  ] as const)
    expect(await stage.worker.turn(new Date(at))).toHaveLength(sent);
});

test("a birthday on 29 February comes on the 28th in other years, and moves when it is corrected", async () => {
  const fact = await factOn("2000-02-29");
  const { id, upcoming } = await stage.create(
    { beforeFact: { factId: fact.id, offset: "P0D", time: "09:00", yearly: true }, countTotal: 3 },
    noon,
  );
  expect(locals({ upcoming })).toEqual(["2027-02-28T09:00:00", "2028-02-29T09:00:00", "2029-02-28T09:00:00"]);
  await correct(fact.id, fact.version, "2000-03-01");
  expect((await stage.row(id)).dtstartLocal).toBe("2027-03-01T09:00:00");
  expect((await stage.row(id)).nextOccurrenceAt).toEqual(new Date("2027-03-01T08:00:00Z"));
});

test("a lead time in hours keeps the time of day however often the fact is corrected", async () => {
  const fact = await factOn("2027-03-10");
  const { id } = await stage.create({ beforeFact: { factId: fact.id, offset: "P1DT12H", time: "09:00", yearly: false } }, noon);
  expect((await stage.row(id)).dtstartLocal).toBe("2027-03-08T21:00:00");
  const second = await correct(fact.id, fact.version, "2027-03-20");
  expect((await stage.row(id)).dtstartLocal).toBe("2027-03-18T21:00:00");
  await correct(second, 1, "2027-03-10");
  expect((await stage.row(id)).dtstartLocal).toBe("2027-03-08T21:00:00");
});

test("the history shows that the fact moved it, and nobody takes that back", async () => {
  const fact = await factOn("2027-03-10");
  const { id } = await stage.create({ beforeFact: { factId: fact.id, offset: "P3D", time: "09:00", yearly: false } }, noon);
  await correct(fact.id, fact.version, "2027-03-20");
  const { items } = await stage.asUser((tx) => listChanges(tx, { id }, clockAt(noon)));
  expect(items).toMatchObject([{ action: "moved_with_fact", undoableUntil: null }]);
  await expect(stage.asUser((tx) => undoLastChange(tx, { id }, clockAt(noon)))).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
});

test("a fact that is taken back cancels what hangs on it", async () => {
  const fact = await factOn("2027-03-10");
  const { id } = await stage.create({ beforeFact: { factId: fact.id, offset: "P3D", time: "09:00", yearly: false } }, noon);
  await stage.asUser(async (tx) => {
    await createFactRepository(tx).retract(fact.id, fact.version);
    await reanchorReminders(tx, fact.id, clockAt(noon));
  });
  expect(await stage.row(id)).toMatchObject({ status: "cancelled", statusReason: "anchor_fact_outdated", nextWakeAt: null });
});
