import {
  clockAt,
  createOccurrenceRepository,
  createReminderRepository,
  createUserRepository,
  reminders,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { AppError } from "@mema/shared";
import { eq } from "drizzle-orm";
import { faultOptions } from "@mema/db/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";
import { StepWorker } from "../testing-worker.ts";
import { type ReminderInput, reminderInput } from "./reminder-definition.ts";
import { acknowledgeReminder, cancelReminder, completeReminder, pauseReminder, skipOccurrence, snoozeReminder } from "./reminder-life.ts";
import { resumeReminder } from "./reminder-reopen.ts";
import { createReminder, previewReminder, updateReminder } from "./reminders.ts";
import { updateUser } from "./users.ts";

const noon = new Date("2026-11-22T12:00:00Z");
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);
const instant = (iso: string) => new Date(iso);

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
const create = (input: Partial<ReminderInput>, at = noon) =>
  asUser((tx) => createReminder(tx, reminderInput.parse({ title: "Buy bread", ...input }), clockAt(at)));
const rejection = async (input: Record<string, unknown>) => {
  const parsed = reminderInput.safeParse({ title: "x", ...input });
  if (!parsed.success) return parsed.error.issues[0]?.path.join(".");
  const error = await create(parsed.data).catch((reason: unknown) => reason);
  if (!(error instanceof AppError)) return error;
  return error.issues?.[0]?.path.join(".") ?? error.code;
};
const history = (reminderId: string) =>
  asUser(async (tx) =>
    (await createOccurrenceRepository(tx).list({ filters: { reminderId } })).items.map(({ occurrenceAt, status }) => [
      occurrenceAt.toISOString(),
      status,
    ]),
  );
const rowOf = (id: string) => asUser((tx) => createReminderRepository(tx).getById(id));

describe("creating", () => {
  test("answers with the local time, the zone, the distance and the next three occurrences", async () => {
    const reminder = await create({ rrule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", dtstartLocal: "2026-11-23T08:30:00" });
    expect(reminder.next).toMatchObject({
      at: instant("2026-11-23T07:30:00Z"),
      local: "2026-11-23T08:30:00",
      tz: "Europe/Berlin",
      relative: "tomorrow at 08:30",
      shiftedBySeconds: 0,
    });
    expect(reminder.upcoming.map(({ local }) => local)).toEqual(["2026-11-23T08:30:00", "2026-11-24T08:30:00", "2026-11-25T08:30:00"]);
  });

  test("says how far a clock change moves an occurrence", async () => {
    const { occurrences } = await asUser((tx) =>
      previewReminder(tx, { rrule: "FREQ=DAILY", dtstartLocal: "2027-03-27T02:30:00", tz: "Europe/Berlin", limit: 3 }, clockAt(noon)),
    );
    expect(occurrences.map(({ local, shiftedBySeconds }) => [local, shiftedBySeconds])).toEqual([
      ["2027-03-27T02:30:00", 0],
      ["2027-03-28T03:30:00", 3600],
      ["2027-03-29T02:30:00", 0],
    ]);
  });

  test.each([
    ["no time", {}, "at"],
    ["two times", { in: "PT1H", at: { local: "2027-01-01T09:00:00" } }, "at"],
    ["a past time", { at: { local: "2026-11-22T12:59:59" } }, "at.local"],
    ["a zone that does not exist", { at: { local: "2027-01-01T09:00:00", tz: "Mars/Base" } }, "at.tz"],
    ["a day that does not exist", { at: { local: "2027-02-30T09:00:00" } }, "at.local"],
    ["no duration", { in: "ten minutes" }, "in"],
    ["a negative duration", { in: "-PT1H" }, "in"],
    ["a rule without its start", { rrule: "FREQ=DAILY" }, "dtstartLocal"],
    ["a rule with an hour that does not exist", { rrule: "FREQ=DAILY;BYHOUR=25", dtstartLocal: "2026-11-23T08:30:00" }, "rrule"],
    ["a rule that never matches", { rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", dtstartLocal: "2026-11-23T08:30:00" }, "rrule"],
    ["an interval under a minute", { every: { seconds: 59 } }, "every.seconds"],
    ["an end beside a single time", { in: "PT1H", countTotal: 3 }, "countTotal"],
    ["a channel of nobody's", { in: "PT1H", channelIds: ["019ab000-0000-7000-8000-000000000000"] }, "channelIds"],
    ["a fact of nobody's", { beforeFact: { factId: "019ab000-0000-7000-8000-000000000000" } }, "NOT_FOUND"],
    ["an unknown field", { in: "PT1H", when: "later" }, ""],
    ["an empty title", { title: " ", in: "PT1H" }, "title"],
  ])("refuses %s, naming the field", async (_name, input, path) => {
    expect(await rejection(input)).toBe(path);
  });

  test("alerts that reach over more than 100 occurrences are refused, at the creation and by an edit", async () => {
    const dense = { every: { seconds: 60 } };
    expect(await rejection({ ...dense, alerts: [{ beforeSeconds: 366 * 86_400 }] })).toBe("alerts");
    const reminder = await create({ ...dense, alerts: [{ beforeSeconds: 1_800 }] });
    const edit = (changes: Partial<ReminderInput>) =>
      asUser((tx) => updateReminder(tx, reminder.id, reminder.version, changes, clockAt(noon))).catch((error: unknown) => error);
    expect(await edit({ alerts: [{ beforeSeconds: 86_400 }] })).toMatchObject({ code: "BAD_REQUEST", issues: [{ path: ["alerts"] }] });
    expect(await edit({ every: { seconds: 3_600 }, alerts: [{ beforeSeconds: 86_400 }] })).toMatchObject({ version: reminder.version + 1 });
  });

  test("50 parallel creates with one dedupe key make one reminder", faultOptions, async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => create({ in: "PT1H", dedupeKey: "bread" })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
  });

  test("a cancelled reminder frees its dedupe key", async () => {
    const first = await create({ in: "PT1H", dedupeKey: "bread" });
    await asUser((tx) => cancelReminder(tx, { id: first.id }, clockAt(noon)));
    expect((await create({ in: "PT1H", dedupeKey: "bread" })).id).not.toBe(first.id);
  });
});

describe("firing", () => {
  test("sends once at the time, to the inbox, and completes a one-time reminder", async () => {
    const { id } = await create({ in: "PT10S" });
    expect(await worker.turn(after(9))).toEqual([]);
    const [sent] = await worker.turn(after(10));
    expect(sent).toMatchObject({ decision: "go", attempt: 1, job: { type: "in_app" } });
    expect(await worker.turn(after(11))).toEqual([]);
    expect(await history(id)).toEqual([[after(10).toISOString(), "fired"]]);
    expect(await rowOf(id)).toMatchObject({ status: "completed", firedCount: 1, nextOccurrenceAt: null });
  });

  test("a recurring reminder fires at the wall clock across a clock change, each time once", async () => {
    const { id } = await create({ rrule: "FREQ=DAILY;COUNT=3", dtstartLocal: "2027-03-27T09:00:00" });
    for (const at of ["2027-03-27T08:00:00Z", "2027-03-28T07:00:00Z", "2027-03-29T07:00:00Z", "2027-03-30T07:00:00Z"]) {
      expect(await worker.turn(new Date(instant(at).getTime() - 1000))).toEqual([]);
      expect(await worker.turn(instant(at))).toHaveLength(at.startsWith("2027-03-30") ? 0 : 1);
    }
    expect(await rowOf(id)).toMatchObject({ status: "completed", firedCount: 3 });
  });

  test("after three days down an every-5-minutes reminder sends one message that counts the missed ones", faultOptions, async () => {
    const { id } = await create({ every: { seconds: 300 } });
    await worker.turn(after(300));
    const down = after(3 * 86_400 + 60);
    const sent = await worker.turn(down);
    expect(sent).toHaveLength(1);
    expect(await worker.turn(down)).toEqual([]);
    const [latest] = await asUser(
      async (tx) => (await createOccurrenceRepository(tx).list({ filters: { reminderId: id }, limit: 1 })).items,
    );
    expect(latest).toMatchObject({ occurrenceAt: after(3 * 86_400), status: "fired", missedBefore: 3 * 288 - 2 });
  });

  test("what was queued before the downtime gives way to the latest occurrence", async () => {
    await create({ every: { seconds: 300 } });
    await worker.expand(after(290));
    expect(await worker.turn(after(1000))).toHaveLength(1);
  });

  test("misfire all sends each one, misfire skip none that is late", async () => {
    await create({ every: { seconds: 300 }, misfire: "all" });
    await create({ every: { seconds: 300 }, misfire: "skip" });
    expect(await worker.turn(after(1000))).toHaveLength(3);
  });

  test("nothing is sent later than its grace: it is missed, and seen to be", async () => {
    const { id } = await create({ in: "PT1H", misfireGraceSeconds: 600 });
    expect(await worker.turn(after(3600 + 601))).toEqual([]);
    expect((await history(id)).map(([, status]) => status)).toEqual(["missed"]);
    expect(await rowOf(id)).toMatchObject({ status: "expired" });
  });

  test("each alert fires at its lead time, and of a late occurrence only the last", async () => {
    await create({ at: { local: "2026-11-22T15:00:00" }, alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] });
    const due = instant("2026-11-22T14:00:00Z").getTime();
    expect(await worker.turn(new Date(due - 601_000))).toEqual([]);
    expect(await worker.turn(new Date(due - 600_000))).toHaveLength(1);
    expect(await worker.turn(new Date(due))).toHaveLength(1);
    await create({ in: "PT1H", alerts: [{ beforeSeconds: 600 }, { beforeSeconds: 0 }] });
    expect(await worker.turn(after(10_000))).toHaveLength(1);
  });

  test("a reminder whose only alert is before its time has fired with it", async () => {
    const { id } = await create({ at: { local: "2026-11-22T15:00:00" }, alerts: [{ beforeSeconds: 600 }] });
    expect(await worker.turn(instant("2026-11-22T13:50:00Z"))).toHaveLength(1);
    expect(await history(id)).toEqual([["2026-11-22T14:00:00.000Z", "fired"]]);
    expect(await rowOf(id)).toMatchObject({ status: "completed", firedCount: 1 });
  });

  test("nags until it is acknowledged", async () => {
    const { id } = await create({ in: "PT10S", nag: [60, 120, 180] });
    expect(await worker.turn(after(10))).toHaveLength(1);
    expect(await worker.turn(after(70))).toHaveLength(1);
    await asUser((tx) => acknowledgeReminder(tx, { id }, clockAt(after(80))));
    expect(await worker.turn(after(1000))).toEqual([]);
  });

  test("is silent while the user is paused, and skips what falls due then", async () => {
    const { id } = await create({ every: { seconds: 300 } });
    await asUser(async (tx) => {
      const users = createUserRepository(tx);
      await users.update((await users.get()).version, { status: "paused" });
    });
    expect(await worker.turn(after(301))).toEqual([]);
    expect((await history(id)).map(([, status]) => status)).toEqual(["skipped"]);
  });

  test("a rule that cannot be expanded ends its own reminder and no other", faultOptions, async () => {
    const bad = await create({ every: { seconds: 300 } });
    await create({ in: "PT10S" });
    await asUser((tx) => tx.update(reminders).set({ tz: "Mars/Base" }).where(eq(reminders.id, bad.id)));
    expect(await worker.turn(after(400))).toHaveLength(1);
    expect(await rowOf(bad.id)).toMatchObject({ status: "error", nextWakeAt: null });
  });
});

describe("failing", () => {
  const transient = { outcome: "transient" as const, error: "connection_failed" };

  test("is tried again after 5 s, 30 s, 2 min ... and given up when it expires", async () => {
    await create({ in: "PT10S", misfireGraceSeconds: 200 });
    const deliveries = () => asUser((tx) => tx.query.reminderDeliveries.findMany());
    await worker.turn(after(10), () => transient);
    expect((await deliveries())[0]).toMatchObject({ status: "pending", attempts: 1, nextAttemptAt: after(15) });
    await worker.turn(after(15), () => transient);
    expect((await deliveries())[0]).toMatchObject({ status: "pending", attempts: 2, nextAttemptAt: after(45) });
    await worker.turn(after(45), () => transient);
    await worker.turn(after(165), () => transient);
    expect((await deliveries())[0]).toMatchObject({ status: "failed", statusReason: "connection_failed", attempts: 4 });
  });

  test("an endpoint that is down for nine hours gets its message once when it is back, after a try in every hour", async () => {
    await create({ in: "PT10S" });
    const delivery = async () => (await asUser((tx) => tx.query.reminderDeliveries.findMany()))[0];
    const tries: number[] = [];
    const down = () => transient;
    await worker.turn(after(10), down);
    for (
      let row = await delivery();
      row !== undefined && row.nextAttemptAt.getTime() < after(9 * 3_600).getTime();
      row = await delivery()
    ) {
      const { nextAttemptAt } = row;
      expect(await worker.turn(new Date(nextAttemptAt.getTime() - 1), down)).toEqual([]);
      await worker.turn(nextAttemptAt, down);
      tries.push((nextAttemptAt.getTime() - after(10).getTime()) / 1000);
    }
    expect(tries).toEqual([5, 35, 155, 755, 2_555, ...Array.from({ length: 8 }, (_, hour) => 2_555 + (hour + 1) * 3_600)]);
    const back = (await delivery())?.nextAttemptAt ?? noon;
    expect(await worker.turn(back)).toMatchObject([{ attempt: tries.length + 2 }]);
    expect(await worker.turn(after(86_400))).toEqual([]);
    expect(await delivery()).toMatchObject({ status: "delivered", attempts: tries.length + 2 });
  });

  test("obeys Retry-After, and a permanent failure is a dead letter at once", async () => {
    await create({ in: "PT10S" });
    await worker.turn(after(10), () => ({ ...transient, retryAfterSeconds: 100 }));
    expect(await worker.turn(after(109))).toEqual([]);
    await worker.turn(after(110), () => ({ outcome: "permanent", error: "http_410" }));
    expect(await worker.turn(after(100_000))).toEqual([]);
    expect(await asUser((tx) => tx.query.reminderDeliveries.findMany())).toMatchObject([{ status: "dead", statusReason: "http_410" }]);
  });

  test("a worker that dies between begin and end leaves an unknown attempt behind, and another sends again", async () => {
    await create({ in: "PT10S" });
    await worker.expand(after(10));
    const claimed = await worker.claim(after(10), 30);
    await worker.begin(claimed, after(10));
    expect(await worker.turn(after(39))).toEqual([]);
    expect(await worker.turn(after(40))).toMatchObject([{ attempt: 2 }]);
    const attempts = await asUser((tx) => tx.query.reminderAttempts.findMany());
    expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, "unknown"],
      [2, "sent"],
    ]);
    const late = claimed.map(({ userId, deliveryId, leaseToken }) => ({ userId, deliveryId, leaseToken, outcome: "delivered" as const }));
    expect(await worker.settle(late, after(41))).toMatchObject([{ status: "lost" }]);
  });

  test("what ends the worker every time is given up as unknown", async () => {
    await create({ in: "PT10S" });
    await worker.expand(after(10));
    for (let crash = 0; crash < 5; crash += 1) {
      const at = after(10 + crash * 100);
      await worker.reap(at);
      const claimed = await worker.claim(at);
      expect(await worker.begin(claimed, at)).toMatchObject([{ decision: "go" }]);
    }
    const at = after(1000);
    await worker.reap(at);
    expect(await worker.begin(await worker.claim(at), at)).toMatchObject([{ decision: "drop", reason: "too_many_unknown_outcomes" }]);
    expect(await asUser((tx) => tx.query.reminderDeliveries.findMany())).toMatchObject([{ status: "unknown" }]);
  });
});

describe("changing", () => {
  test("the second of two edits of one version is a conflict", async () => {
    const { id, version } = await create({ in: "PT1H" });
    await asUser((tx) => updateReminder(tx, id, version, { title: "Buy milk" }, clockAt(noon)));
    await expect(asUser((tx) => updateReminder(tx, id, version, { title: "Buy eggs" }, clockAt(noon)))).rejects.toMatchObject({
      code: "CONFLICT",
    });
  });

  test("an edit of the time replaces what was queued, and a move back revives it", async () => {
    const { id, version } = await create({ in: "PT30S" });
    await worker.expand(noon);
    const moved = await asUser((tx) => updateReminder(tx, id, version, { in: "PT40S" }, clockAt(noon)));
    await worker.expand(noon);
    await asUser((tx) => updateReminder(tx, id, moved.version, { in: "PT30S" }, clockAt(noon)));
    expect(await worker.turn(after(30))).toHaveLength(1);
    expect(await worker.turn(after(40))).toEqual([]);
  });

  test.each([
    ["edited away", (tx: UserTransaction, id: string) => updateReminder(tx, id, 1, { in: "PT1H" }, clockAt(after(10)))],
    ["cancelled", (tx: UserTransaction, id: string) => cancelReminder(tx, { id }, clockAt(after(10)))],
    ["paused", (tx: UserTransaction, id: string) => pauseReminder(tx, { id }, clockAt(after(10)))],
    ["snoozed", (tx: UserTransaction, id: string) => snoozeReminder(tx, { id }, { for: "PT10M" }, clockAt(after(10)))],
    ["completed", (tx: UserTransaction, id: string) => completeReminder(tx, { id }, clockAt(after(10)))],
    ["acknowledged", (tx: UserTransaction, id: string) => acknowledgeReminder(tx, { id }, clockAt(after(10)))],
  ])("a claimed delivery whose reminder was %s is not begun", async (_name, change) => {
    const { id } = await create({ in: "PT10S" });
    await worker.expand(after(10));
    const claimed = await worker.claim(after(10));
    expect(claimed).toHaveLength(1);
    await asUser(async (tx) => {
      await change(tx, id);
    });
    expect(await worker.begin(claimed, after(10))).toMatchObject([{ decision: "lost" }]);
  });

  test("a snooze fires again later and leaves the schedule as it is", async () => {
    const { id } = await create({ rrule: "FREQ=DAILY", dtstartLocal: "2026-11-22T14:00:00" });
    const due = instant("2026-11-22T13:00:00Z");
    const later = new Date(due.getTime() + 600_000);
    await worker.turn(due);
    const view = await asUser((tx) => snoozeReminder(tx, { id }, { for: "PT10M" }, clockAt(due)));
    expect(view.next?.local).toBe("2026-11-23T14:00:00");
    expect(await worker.turn(new Date(later.getTime() - 1000))).toEqual([]);
    expect(await worker.turn(later)).toHaveLength(1);
    expect(await worker.turn(instant("2026-11-23T13:00:00Z"))).toHaveLength(1);
    expect(await history(id)).toEqual([
      ["2026-11-23T13:00:00.000Z", "fired"],
      ["2026-11-22T13:00:00.000Z", "fired"],
    ]);
  });

  test.each([
    ["in 20 minutes", "2026-11-22T12:20:10.000Z"],
    ["for an hour", "2026-11-22T13:00:10.000Z"],
    ["until monday", "2026-11-23T08:00:00.000Z"],
    ["tomorrow at 15:30", "2026-11-23T14:30:00.000Z"],
  ])("snoozes in plain English: %s", async (text, until) => {
    const { id } = await create({ in: "PT10S" });
    await worker.turn(after(10));
    await asUser((tx) => snoozeReminder(tx, { id }, { text }, clockAt(after(10))));
    expect(await asUser((tx) => tx.query.reminderOccurrences.findFirst())).toMatchObject({ snoozedUntil: instant(until) });
  });

  test.each(["soon", "every day at 9", "yesterday at 9"])("refuses to guess how long to snooze: %s", async (text) => {
    const { id } = await create({ in: "PT10S" });
    await worker.turn(after(10));
    await expect(asUser((tx) => snoozeReminder(tx, { id }, { text }, clockAt(after(10))))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });

  test("snoozing twice sends once, at the later moment", async () => {
    const { id } = await create({ in: "PT10S" });
    await worker.turn(after(10));
    await asUser((tx) => snoozeReminder(tx, { id }, { for: "PT10M" }, clockAt(after(20))));
    await asUser((tx) => snoozeReminder(tx, { id }, { for: "PT20M" }, clockAt(after(30))));
    expect(await worker.turn(after(625))).toEqual([]);
    expect(await worker.turn(after(1230))).toHaveLength(1);
    expect(await rowOf(id)).toMatchObject({ status: "completed", firedCount: 1 });
  });

  test("skip leaves out the next one only", async () => {
    const { id } = await create({ every: { seconds: 300 } });
    const view = await asUser((tx) => skipOccurrence(tx, { id }, clockAt(noon)));
    expect(view.next?.at).toEqual(after(600));
    expect(await worker.turn(after(300))).toEqual([]);
    expect(await worker.turn(after(600))).toHaveLength(1);
  });

  test("one that repeats from completion waits for it", async () => {
    const { id } = await create({ every: { seconds: 3600 }, repeatFrom: "completion" });
    expect(await worker.turn(after(3600))).toHaveLength(1);
    expect(await worker.turn(after(20_000))).toEqual([]);
    const view = await asUser((tx) => completeReminder(tx, { id }, clockAt(after(20_000))));
    expect(view.next?.at).toEqual(after(23_600));
    expect(await worker.turn(after(23_600))).toHaveLength(1);
  });

  test("pause silences, resume goes on with the next one and skips what was missed", async () => {
    const { id } = await create({ every: { seconds: 300 } });
    await worker.expand(after(290));
    await asUser((tx) => pauseReminder(tx, { id }, clockAt(after(295))));
    expect(await worker.turn(after(1000))).toEqual([]);
    const view = await asUser((tx) => resumeReminder(tx, { id }, clockAt(after(1000))));
    expect(view.next?.at).toEqual(after(1200));
    expect(await worker.turn(after(1200))).toHaveLength(1);
  });

  test("a reminder without a zone moves with the user's, one with a zone stays", async () => {
    const floating = await create({ at: { local: "2026-12-01T09:00:00" } });
    const fixed = await create({ at: { local: "2026-12-01T09:00:00", tz: "Europe/Berlin" } });
    await asUser(async (tx) => {
      await updateUser(tx, (await createUserRepository(tx).get()).version, { timezone: "America/New_York" }, clockAt(noon));
    });
    expect((await rowOf(floating.id)).nextOccurrenceAt).toEqual(instant("2026-12-01T14:00:00Z"));
    expect((await rowOf(fixed.id)).nextOccurrenceAt).toEqual(instant("2026-12-01T08:00:00Z"));
  });
});
