import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gapPolicies, overlapPolicies } from "../enumerations.ts";
import { toLocal } from "./local-time.ts";
import { nextOccurrence, occurrences } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";

const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu");
const weekday = fc.constantFrom("MO", "TU", "WE", "TH", "FR", "SA", "SU");
const interval = fc.integer({ min: 1, max: 4 });
const list = <T>(values: fc.Arbitrary<T>) => fc.uniqueArray(values, { minLength: 1, maxLength: 4 }).map((items) => items.join(","));
const monthDay = fc.integer({ min: -31, max: 31 }).filter((day) => day !== 0);
const ordinalDay = fc.tuple(fc.constantFrom(-2, -1, 1, 2, 3), weekday).map(([ordinal, day]) => `${ordinal}${day}`);

const rule = fc
  .oneof(
    interval.map((every) => `FREQ=DAILY;INTERVAL=${every}`),
    fc.tuple(interval, list(weekday)).map(([every, days]) => `FREQ=WEEKLY;INTERVAL=${every};BYDAY=${days}`),
    list(monthDay).map((days) => `FREQ=MONTHLY;BYMONTHDAY=${days}`),
    list(ordinalDay).map((days) => `FREQ=MONTHLY;BYDAY=${days}`),
    fc.constant("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    list(fc.integer({ min: 1, max: 12 })).map((months) => `FREQ=YEARLY;BYMONTH=${months};BYDAY=-1SU`),
  )
  .chain((base) => fc.constantFrom(base, base.includes("BYSETPOS") ? `${base};BYHOUR=2` : `${base};BYHOUR=0,1,2,3;BYMINUTE=0,20,40`));

// Around the clock changes of 2026 (and Apia's lost day) so that gaps and overlaps are met often.
const start = fc
  .tuple(
    fc.constantFrom("2026-03-06", "2026-03-27", "2026-10-02", "2026-10-23", "2026-04-22", "2011-12-28"),
    fc.integer({ min: 0, max: 287 }).map((index) => index * 5),
  )
  .map(([date, minutes]) => Temporal.PlainDateTime.from(date).add({ minutes }));

const wallClock = (local: Temporal.PlainDateTime) => local.toString({ smallestUnit: "second" });

const recurring: fc.Arbitrary<Schedule> = fc
  .record({
    dtstart: start,
    tz: zone,
    rrule: rule,
    gapPolicy: fc.constantFrom(...gapPolicies),
    overlapPolicy: fc.constantFrom(...overlapPolicies),
    countTotal: fc.option(fc.integer({ min: 1, max: 60 })),
    untilDays: fc.option(fc.integer({ min: 0, max: 400 })),
    extra: fc.array(fc.integer({ min: 0, max: 30 * 1440 }), { maxLength: 3 }),
    excluded: fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 3 }),
  })
  .map(({ dtstart, untilDays, extra, excluded, ...rest }) => ({
    ...rest,
    kind: "recurring" as const,
    dtstartLocal: wallClock(dtstart),
    untilAt: untilDays === null ? null : new Date(dtstart.add({ days: untilDays }).toZonedDateTime("UTC").epochMilliseconds),
    rdatesLocal: extra.map((minutes) => wallClock(dtstart.add({ minutes }))),
    exdatesLocal: excluded.map((days) => wallClock(dtstart.add({ days }))),
  }));

const interval60: fc.Arbitrary<Schedule> = fc
  .record({
    dtstart: start,
    tz: zone,
    intervalSeconds: fc.integer({ min: 60, max: 200_000 }),
    countTotal: fc.option(fc.integer({ min: 1, max: 60 })),
  })
  .map(({ dtstart, ...rest }) => ({ ...rest, kind: "interval" as const, dtstartLocal: wallClock(dtstart) }));

const schedule = fc.oneof({ weight: 4, arbitrary: recurring }, { weight: 1, arbitrary: interval60 });
const instants = (found: { at: Date }[]) => found.map(({ at }) => at.getTime());

describe("occurrences", () => {
  test("are in order, at distinct instants, and show their own wall clock", () => {
    fc.assert(
      fc.property(schedule, (item) => {
        const found = occurrences(item, { limit: 80 });
        const times = instants(found);
        expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
        for (const { at, local } of found) expect(toLocal(at, item.tz)).toBe(local);
      }),
    );
  });

  test("of a longer list begin with those of a shorter one", () => {
    fc.assert(
      fc.property(schedule, fc.integer({ min: 1, max: 60 }), (item, limit) => {
        expect(occurrences(item, { limit })).toEqual(occurrences(item, { limit: 60 }).slice(0, limit));
      }),
    );
  });

  test("up to an instant and after it make up the whole", () => {
    fc.assert(
      fc.property(schedule, fc.integer({ min: -1, max: 60 }), fc.integer({ min: -2, max: 2 }), (item, index, milliseconds) => {
        const whole = occurrences(item, { limit: 60 });
        const pivot = whole[index]?.at.getTime() ?? whole[0]?.at.getTime() ?? 0;
        const split = new Date(pivot + milliseconds);
        const before = occurrences(item, { to: split, limit: 200 });
        const rest = occurrences(item, { after: split, limit: 200 });
        expect([...before, ...rest].slice(0, whole.length)).toEqual(whole);
        expect(occurrences(item, { from: new Date(split.getTime() + 1), limit: 200 })).toEqual(rest);
      }),
    );
  });

  test("followed one by one are the same as listed at once", () => {
    fc.assert(
      fc.property(schedule, (item) => {
        const whole = occurrences(item, { limit: 12 });
        const walked = [];
        for (let next = nextOccurrence(item, new Date(0)); next !== null && walked.length < 12; next = nextOccurrence(item, next.at)) {
          walked.push(next);
        }
        expect(walked).toEqual(whole);
      }),
    );
  });

  test("number exactly countTotal when nothing else bounds them", () => {
    fc.assert(
      fc.property(recurring, fc.integer({ min: 1, max: 40 }), (item, countTotal) => {
        const bounded = { ...item, untilAt: null, rdatesLocal: [], exdatesLocal: [], countTotal };
        const unbounded = occurrences({ ...bounded, countTotal: null }, { limit: 60 });
        expect(occurrences(bounded, { limit: 60 })).toEqual(unbounded.slice(0, countTotal));
      }),
    );
  });

  test("never fire later than untilAt and lose nothing before it", () => {
    fc.assert(
      fc.property(recurring, fc.integer({ min: 0, max: 20 }), (item, index) => {
        const open = { ...item, untilAt: null, rdatesLocal: [] };
        const whole = occurrences(open, { limit: 40 });
        const untilAt = whole[index]?.at;
        if (untilAt === undefined) return;
        expect(occurrences({ ...open, untilAt }, { limit: 40 })).toEqual(whole.slice(0, index + 1));
      }),
    );
  });

  test("without excluded dates are those with them and the excluded ones", () => {
    fc.assert(
      fc.property(recurring, (item) => {
        const all = new Set(instants(occurrences({ ...item, exdatesLocal: [] }, { limit: 100 })));
        const kept = instants(occurrences(item, { limit: 60 }));
        expect(kept.filter((at) => !all.has(at))).toEqual([]);
        const [first] = occurrences({ ...item, exdatesLocal: [], overlapPolicy: "first" }, { limit: 1 });
        if (first === undefined) return;
        const skipped = occurrences({ ...item, overlapPolicy: "first", exdatesLocal: [first.local] }, { limit: 60 });
        expect(instants(skipped)).not.toContain(first.at.getTime());
      }),
    );
  });
});
