import { clockAt, withUser } from "@mema/db";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";
import { readReminderText } from "./reminder-text.ts";

const noon = new Date("2026-11-22T12:00:00Z");
let api: TestApi;
let userId: string;
beforeAll(async () => {
  api = await createTestApi();
  ({ userId } = await api.createUser({ timezone: "Europe/Berlin" }));
});
afterAll(() => api.close());

const read = (text: string) => withUser(api.services.db, userId, (tx) => readReminderText(tx, { text }, clockAt(noon)));

test("a text becomes the fields of create, with the words it rests on and the moments it means", async () => {
  const { understood, question, span } = await read("take my pills every weekday at 8:30");
  expect(question).toBeNull();
  expect(understood).toMatchObject({
    title: "take my pills",
    assumedTime: false,
    timing: { rrule: expect.stringContaining("BYDAY=MO,TU,WE,TH,FR"), tz: "Europe/Berlin" },
  });
  expect(understood?.occurrences.map(({ local }) => local)).toEqual(["2026-11-23T08:30:00", "2026-11-24T08:30:00", "2026-11-25T08:30:00"]);
  expect(span?.text).toContain("every weekday at 8:30");
});

test("what is open is asked about and not guessed", async () => {
  const { understood, question } = await read("call Ada sometime soon");
  expect(understood).toBeNull();
  expect(question).not.toBeNull();
});

test("what was understood can be created as it is", async () => {
  const { caller } = await api.createUser({ timezone: "Europe/Berlin" });
  const { understood } = await caller.reminders.parse({ text: "water the plants in 20 minutes" });
  if (understood === null) throw new Error("not understood");
  const { untilAt: _never, ...timing } = understood.timing;
  const reminder = await caller.reminders.create({ title: understood.title, ...timing });
  expect(reminder.next?.at).toBe(understood.occurrences[0]?.at);
});
