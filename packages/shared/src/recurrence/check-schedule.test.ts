import { describe, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { checkSchedule } from "./check-schedule.ts";
import type { Schedule } from "./schedule.ts";

const now = new Date("2026-11-21T10:00:00Z");
const base: Schedule = { kind: "recurring", dtstartLocal: "2026-11-22T09:00", tz: "europe/berlin", rrule: "freq=daily" };
const interval: Schedule = { kind: "interval", dtstartLocal: "2026-11-22T09:00:00", tz: "UTC", intervalSeconds: 3600 };
const once: Schedule = { kind: "once", dtstartLocal: "2026-11-22T09:00:00", tz: "UTC" };
const everyNumber = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index).join(",");

function issueOf(schedule: Schedule) {
  try {
    checkSchedule(schedule, now);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, path: error.issues?.[0]?.path.join("."), message: error.message };
    throw error;
  }
  return undefined;
}

test("returns the canonical form: zone, wall clock and rule in their usual writing, every default filled in", () => {
  expect(
    checkSchedule({ ...base, rrule: "RRULE:byday=fr,-1MO,FR;FREQ=monthly;interval=1".replace("fr,", "1fr,").replace(",FR", "") }, now),
  ).toEqual({
    kind: "recurring",
    dtstartLocal: "2026-11-22T09:00:00",
    tz: "Europe/Berlin",
    rrule: "FREQ=MONTHLY;BYDAY=1FR,-1MO",
    anniversary: null,
    rdatesLocal: [],
    exdatesLocal: [],
    untilAt: null,
    countTotal: null,
    intervalSeconds: null,
    gapPolicy: "shift",
    overlapPolicy: "first",
  });
});

test("a canonical schedule is its own canonical form", () => {
  const checked = checkSchedule({ ...base, rrule: "FREQ=YEARLY;BYHOUR=8,7;BYMONTH=3;BYDAY=2SU;WKST=SU;UNTIL=20300101" }, now);
  expect(checked.rrule).toBe("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;BYHOUR=7,8;WKST=SU");
  expect(checkSchedule(checked, now)).toEqual(checked);
});

test.each([
  ["COUNT=5", { countTotal: 5, untilAt: null }],
  ["UNTIL=20261224", { countTotal: null, untilAt: new Date("2026-12-24T22:59:59.999Z") }],
  ["UNTIL=20261224T090000", { countTotal: null, untilAt: new Date("2026-12-24T08:00:00Z") }],
  ["UNTIL=20261224T090000Z", { countTotal: null, untilAt: new Date("2026-12-24T09:00:00Z") }],
])("moves %s out of the rule", (part, expected) => {
  expect(checkSchedule({ ...base, rrule: `FREQ=DAILY;${part}` }, now)).toMatchObject({ rrule: "FREQ=DAILY", ...expected });
});

describe("refuses a rule, naming what is wrong", () => {
  test.each([
    ["BYDAY=MO", "FREQ is missing"],
    ["", "NAME=VALUE"],
    ["FREQ=DAILY;", "NAME=VALUE"],
    ["FREQ=FORTNIGHTLY", "unknown FREQ=FORTNIGHTLY"],
    ["FREQ=HOURLY", "every: { seconds }"],
    ["FREQ=MINUTELY;INTERVAL=5", "every: { seconds }"],
    ["FREQ=SECONDLY", "every: { seconds }"],
    ["FREQ=DAILY;X-FOO=1", "unknown part X-FOO"],
    ["FREQ=DAILY;RSCALE=HEBREW", "unknown part RSCALE"],
    ["FREQ=DAILY;BYHOUR=9;BYHOUR=10", "BYHOUR is given twice"],
    ["FREQ=DAILY;BYHOUR=25", "BYHOUR=25 is not within 0..23"],
    ["FREQ=DAILY;BYHOUR=9,", "BYHOUR= is not within"],
    ["FREQ=DAILY;BYMINUTE=60", "BYMINUTE=60"],
    ["FREQ=DAILY;BYSECOND=60", "BYSECOND=60"],
    ["FREQ=DAILY;BYSECOND=0,30", "at least 60 s apart"],
    ["FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"],
    ["FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"],
    ["FREQ=YEARLY;BYMONTH=13", "BYMONTH=13"],
    ["FREQ=YEARLY;BYMONTH=-1", "BYMONTH=-1"],
    ["FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY=367"],
    ["FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO", "BYWEEKNO=54"],
    ["FREQ=YEARLY;BYDAY=53MO", "BYDAY=53MO: the ordinal must be within 1..52"],
    ["FREQ=YEARLY;BYDAY=-53MO", "BYDAY=-53MO"],
    ["FREQ=YEARLY;BYMONTH=3;BYDAY=6MO", "within 1..5"],
    ["FREQ=MONTHLY;BYDAY=6MO", "within 1..5"],
    ["FREQ=MONTHLY;BYDAY=0MO", "within 1..5"],
    ["FREQ=WEEKLY;BYDAY=1MO", "use BYDAY=MO"],
    ["FREQ=WEEKLY;BYDAY=MON", "BYDAY=MON is not a weekday"],
    ["FREQ=MONTHLY;BYDAY=-MO", "BYDAY=-MO is not a weekday"],
    ["FREQ=MONTHLY;BYDAY=MO,1TU", "mixes days"],
    ["FREQ=WEEKLY;WKST=XX", "WKST=XX"],
    ["FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS is not supported with FREQ=WEEKLY"],
    ["FREQ=DAILY;BYHOUR=9,10;BYSETPOS=1", "BYSETPOS is not supported with FREQ=DAILY"],
    ["FREQ=MONTHLY;BYDAY=MO;BYHOUR=9,17;BYSETPOS=1", "give one time of day"],
    ["FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS chooses among"],
    ["FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS=0"],
    ["FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY has no meaning"],
    ["FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY needs FREQ=YEARLY"],
    ["FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO", "BYWEEKNO needs FREQ=YEARLY"],
    ["FREQ=YEARLY;BYWEEKNO=1", "BYWEEKNO needs BYDAY"],
    ["FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "beside BYWEEKNO"],
    ["FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;BYMONTHDAY=3", "BYWEEKNO combines only"],
    ["FREQ=YEARLY;BYYEARDAY=1;BYDAY=MO", "BYYEARDAY combines only"],
    ["FREQ=YEARLY;BYMONTHDAY=13;BYDAY=1FR", "needs BYMONTH"],
    ["FREQ=DAILY;INTERVAL=0", "INTERVAL=0 must be a whole number of at least 1"],
    ["FREQ=DAILY;INTERVAL=1.5", "INTERVAL=1.5"],
    ["FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"],
    ["FREQ=DAILY;INTERVAL=10001", "at most 10000"],
    ["FREQ=DAILY;COUNT=0", "COUNT=0"],
    ["FREQ=DAILY;COUNT=10001", "at most 10000"],
    ["FREQ=DAILY;COUNT=2;UNTIL=20270101", "exclude each other"],
    ["FREQ=DAILY;UNTIL=tomorrow", "UNTIL=TOMORROW is not a date"],
    ["FREQ=DAILY;UNTIL=20270231", "does not exist"],
    ["FREQ=DAILY;UNTIL=20250101", "nothing would fire"],
    ["FREQ=DAILY;UNTIL=TZID=Europe/Berlin:20270101T000000", "dtstartLocal, tz"],
    ["DTSTART;TZID=Europe/Berlin:20261122T090000\nRRULE:FREQ=DAILY", "dtstartLocal, tz"],
    ["DTSTART:20261122T090000Z RRULE:FREQ=DAILY", "dtstartLocal, tz"],
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "nothing would fire within the next 10 years"],
    ["FREQ=YEARLY;INTERVAL=11;BYMONTH=1", "nothing would fire within the next 10 years"],
    [`FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=${everyNumber(0, 23)};BYMINUTE=${everyNumber(0, 59)}`, "nothing would fire"],
    [`FREQ=YEARLY;BYYEARDAY=${everyNumber(1, 200)}`, "longer than 512 characters"],
  ])("%s", (rrule, message) => {
    expect(issueOf({ ...base, rrule })).toMatchObject({ code: "BAD_REQUEST", path: "rrule", message: expect.stringContaining(message) });
  });
});

describe("refuses a field, naming it", () => {
  test.each<[string, Schedule, string]>([
    ["tz", { ...base, tz: "Mars/Olympus" }, 'unknown time zone "Mars/Olympus"'],
    ["tz", { ...base, tz: "+02:00" }, "not a time zone"],
    ["tz", { ...base, tz: "" }, "not a time zone"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-11-22" }, "not a wall clock"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-11-22T09:00:00Z" }, "without zone or offset"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-11-22T09:00:00+01:00" }, "without zone or offset"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-02-29T09:00:00" }, "does not exist"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-11-22T24:00:00" }, "does not exist"],
    ["dtstartLocal", { ...base, dtstartLocal: "2026-11-22T09:00:60" }, "seconds go from 00 to 59"],
    ["dtstartLocal", { ...base, dtstartLocal: "1899-12-31T09:00:00" }, "1900 or later"],
    ["dtstartLocal", { ...base, dtstartLocal: "2200-01-01T09:00:00" }, "2199 or earlier"],
    ["dtstartLocal", { ...once, dtstartLocal: "2026-11-21T10:00:00" }, "is in the past"],
    ["dtstartLocal", { ...once, dtstartLocal: "2036-11-21T10:00:01" }, "within 10 years"],
    ["dtstartLocal", { ...once, dtstartLocal: "2027-03-28T02:30:00", tz: "Europe/Berlin", gapPolicy: "skip" }, "a clock change skips"],
    ["rdatesLocal.1", { ...base, rdatesLocal: ["2026-12-01T09:00:00", "soon"] }, "not a wall clock"],
    ["exdatesLocal.0", { ...base, exdatesLocal: ["2026-13-01T09:00:00"] }, "does not exist"],
    ["exdatesLocal", { ...base, exdatesLocal: Array.from({ length: 501 }, () => "2026-12-01T09:00:00") }, "at most 500"],
    ["rdatesLocal", { ...once, rdatesLocal: ["2026-12-01T09:00:00"] }, "fires once"],
    ["exdatesLocal", { ...once, exdatesLocal: ["2026-12-01T09:00:00"] }, "fires once"],
    ["rrule", { ...once, rrule: "FREQ=DAILY" }, 'only kind "recurring"'],
    ["rrule", { ...base, rrule: null }, "needs a rule"],
    ["rrule", { ...base, rrule: "FREQ=DAILY;COUNT=3", countTotal: 3 }, "both given"],
    ["intervalSeconds", { ...base, intervalSeconds: 3600 }, 'only kind "interval"'],
    ["intervalSeconds", { ...interval, intervalSeconds: null }, "needs the seconds"],
    ["intervalSeconds", { ...interval, intervalSeconds: 59 }, "at least 60 s"],
    ["intervalSeconds", { ...interval, intervalSeconds: 90.5 }, "whole number"],
    ["intervalSeconds", { ...interval, intervalSeconds: 400_000_000 }, "at most 10 years"],
    ["dtstartLocal", { ...interval, dtstartLocal: "2026-11-20T09:00:00", countTotal: 3 }, "nothing would fire"],
    ["countTotal", { ...base, countTotal: 0 }, "at least 1"],
    ["countTotal", { ...base, countTotal: 10_001 }, "at most 10000"],
    ["untilAt", { ...base, untilAt: new Date(Number.NaN) }, "not an instant"],
    ["untilAt", { ...base, untilAt: new Date("2026-11-21T09:00:00Z") }, "in the past"],
  ])("%s", (path, schedule, message) => {
    expect(issueOf(schedule)).toMatchObject({ code: "BAD_REQUEST", path, message: expect.stringContaining(message) });
  });
});

test("accepts a series that began long ago, extra dates without a rule, and a repeated time", () => {
  expect(issueOf({ ...base, dtstartLocal: "1926-05-08T09:00:00", rrule: "FREQ=YEARLY" })).toBeUndefined();
  expect(issueOf({ ...base, rrule: null, rdatesLocal: ["2026-12-01T09:00:00"] })).toBeUndefined();
  expect(issueOf({ ...once, dtstartLocal: "2027-10-31T02:30:00", tz: "Europe/Berlin" })).toBeUndefined();
});
