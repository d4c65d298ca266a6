import { occurrences } from "@mema/shared";
import { array, assert, constant, constantFrom, date, integer, oneof, property, record, uniqueArray } from "fast-check";
import { expect, test } from "vitest";
import { nextFrom, planReminder, type ReminderRule, scheduleOf } from "./reminder-plan.ts";

const start = new Date("2027-01-01T00:00:00Z");
const day = 86_400;
const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);

const rule: ReminderRule = {
  kind: "interval",
  dtstartLocal: "2027-01-01T00:10:00",
  tz: "UTC",
  rrule: null,
  rdatesLocal: [],
  exdatesLocal: [],
  untilAt: null,
  countTotal: null,
  intervalSeconds: 600,
  gapPolicy: "shift",
  overlapPolicy: "first",
  anchorDate: null,
  anchorOffset: null,
};

const rules = oneof(
  record({ intervalSeconds: integer({ min: 60, max: 20_000 }), countTotal: constantFrom(null, 1, 7, 40) }).map((own) => ({
    ...rule,
    ...own,
  })),
  record({
    rrule: constantFrom("FREQ=DAILY", "FREQ=DAILY;BYHOUR=2,3,14", "FREQ=WEEKLY;BYDAY=MO,WE,SU", "FREQ=MONTHLY;BYDAY=-1SU"),
    tz: constantFrom("Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe"),
    dtstartLocal: constantFrom("2027-03-01T02:30:00", "2027-10-20T01:45:00"),
    countTotal: constantFrom(null, 1, 9),
  }).map((own) => ({ ...rule, kind: "recurring" as const, intervalSeconds: null, ...own })),
);

const behaviour = record({
  misfire: constantFrom("latest" as const, "all" as const, "skip" as const),
  misfireGraceSeconds: integer({ min: 60, max: 7 * day }),
  repeatFrom: constant("schedule" as const),
});
const leads = constantFrom(0, 600, day);
const looks = uniqueArray(integer({ min: 0, max: 400 * day }), { minLength: 1, maxLength: 25 }).map((seconds) =>
  seconds.toSorted((a, b) => a - b),
);

test("however often and irregularly a rule is looked at, each instant is decided once, in order, and none in the past is left out within the grace", () => {
  assert(
    property(rules, behaviour, leads, looks, (rule, behaviour, leadSeconds, seconds) => {
      let expandFromAt = nextFrom(rule, "UTC", start);
      let nextOccurrenceAt = expandFromAt;
      const decided: { at: Date; status: string; missedBefore: number }[] = [];
      for (const second of seconds) {
        const now = at(second);
        const plan = planReminder(
          { ...rule, ...behaviour, nextOccurrenceAt, expandFromAt },
          { userZone: "UTC", leadSeconds, now, silent: false },
        );
        for (const planned of plan.occurrences) {
          expect(planned.at.getTime() > now.getTime()).toBe(planned.status === "upcoming");
          if (planned.status === "due")
            expect(now.getTime() - planned.at.getTime()).toBeLessThanOrEqual(behaviour.misfireGraceSeconds * 1000);
        }
        if (behaviour.misfire === "latest") expect(plan.occurrences.filter(({ status }) => status === "due").length).toBeLessThanOrEqual(1);
        if (plan.nextWakeAt !== null) expect(plan.nextWakeAt.getTime()).toBeGreaterThan(now.getTime());
        decided.push(...plan.occurrences);
        ({ expandFromAt, nextOccurrenceAt } = plan);
      }
      const instants = decided.map((occurrence) => occurrence.at.getTime());
      expect(instants).toEqual([...new Set(instants)].toSorted((a, b) => a - b));
      const last = at(seconds.at(-1) ?? 0);
      const all = occurrences(scheduleOf(rule, "UTC"), { after: start, to: last, limit: 1000 });
      const known = new Set(all.map((occurrence) => occurrence.at.getTime()));
      for (const instant of instants) if (instant <= last.getTime() && all.length < 1000) expect(known.has(instant)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("looking in many steps fires what looking all the time fires, when no step is late", () => {
  assert(
    property(rules, array(integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }), (rule, steps) => {
      const reminder = { ...rule, misfire: "latest" as const, misfireGraceSeconds: day, repeatFrom: "schedule" as const };
      const until = at(120 * day);
      const expected = occurrences(scheduleOf(rule, "UTC"), { after: start, to: until, limit: 60 }).map((occurrence) =>
        occurrence.at.toISOString(),
      );
      let expandFromAt = nextFrom(rule, "UTC", start);
      let nextOccurrenceAt = expandFromAt;
      let nextWakeAt: Date | null = start;
      const fired: string[] = [];
      for (let look = 0; nextWakeAt !== null && fired.length < expected.length; look += 1) {
        const now: Date = new Date(nextWakeAt.getTime() + (steps[look % steps.length] ?? 1) * 1000);
        const plan = planReminder({ ...reminder, nextOccurrenceAt, expandFromAt }, { userZone: "UTC", leadSeconds: 0, now, silent: false });
        fired.push(...plan.occurrences.map((occurrence) => occurrence.at.toISOString()));
        ({ expandFromAt, nextOccurrenceAt, nextWakeAt } = plan);
      }
      expect(fired.slice(0, expected.length)).toEqual(expected);
    }),
    { numRuns: 100 },
  );
});

test("a silent user's occurrences are skipped and none is sent", () => {
  assert(
    property(rules, behaviour, date({ min: start, max: at(300 * day), noInvalidDate: true }), (rule, behaviour, now) => {
      const first = nextFrom(rule, "UTC", start);
      const plan = planReminder(
        { ...rule, ...behaviour, nextOccurrenceAt: first, expandFromAt: first },
        { userZone: "UTC", leadSeconds: 600, now, silent: true },
      );
      expect(plan.occurrences.every(({ status }) => status === "skipped")).toBe(true);
      if (plan.nextWakeAt !== null) expect(plan.nextWakeAt.getTime()).toBeGreaterThan(now.getTime());
    }),
    { numRuns: 100 },
  );
});
