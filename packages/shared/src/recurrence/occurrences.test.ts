import { describe, expect, test } from "vitest";
import { occurrences, nextOccurrence } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";

const daily: Schedule = { kind: "recurring", dtstartLocal: "2026-03-07T02:30:00", tz: "America/New_York", rrule: "FREQ=DAILY" };
const shown = (schedule: Schedule, limit: number, from?: string) =>
  occurrences(schedule, { limit, ...(from === undefined ? {} : { from: new Date(from) }) }).map(
    ({ at, local, shiftedBySeconds }) => `${at.toISOString().slice(0, 16)}Z ${local.slice(11, 16)} ${shiftedBySeconds}`,
  );
const everyNumber = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index).join(",");

describe("clock changes", () => {
  test("New York 02:30 fires at 03:30 in the night without it and says so, and at 02:30 again the day after", () => {
    expect(shown(daily, 3)).toEqual(["2026-03-07T07:30Z 02:30 0", "2026-03-08T07:30Z 03:30 3600", "2026-03-09T06:30Z 02:30 0"]);
  });

  test("a skipped time is left out under gapPolicy skip and does not use up the count", () => {
    expect(shown({ ...daily, gapPolicy: "skip", countTotal: 2 }, 5)).toEqual(["2026-03-07T07:30Z 02:30 0", "2026-03-09T06:30Z 02:30 0"]);
  });

  test("Cairo 00:00 on 2026-04-24 fires at 01:00", () => {
    const schedule = { ...daily, dtstartLocal: "2026-04-24T00:00:00", tz: "Africa/Cairo" };
    expect(shown(schedule, 1)).toEqual(["2026-04-23T22:00Z 01:00 3600"]);
  });

  test("Lord Howe 02:15 moves by its half hour", () => {
    const schedule = { ...daily, dtstartLocal: "2026-10-04T02:15:00", tz: "Australia/Lord_Howe" };
    expect(shown(schedule, 1)).toEqual(["2026-10-03T15:45Z 02:45 1800"]);
  });

  test("Apia's lost 2011-12-30 coincides with the 31st and fires once", () => {
    const schedule = { ...daily, dtstartLocal: "2011-12-29T09:00:00", tz: "Pacific/Apia" };
    expect(shown(schedule, 3)).toEqual(["2011-12-29T19:00Z 09:00 0", "2011-12-30T19:00Z 09:00 86400", "2011-12-31T19:00Z 09:00 0"]);
  });

  test("a repeated time fires at its first, second or both passes", () => {
    const schedule = { ...daily, dtstartLocal: "2026-11-01T01:30:00" };
    expect(shown({ ...schedule, overlapPolicy: "first" }, 1)).toEqual(["2026-11-01T05:30Z 01:30 0"]);
    expect(shown({ ...schedule, overlapPolicy: "second" }, 1)).toEqual(["2026-11-01T06:30Z 01:30 0"]);
    expect(shown({ ...schedule, overlapPolicy: "both" }, 2)).toEqual(["2026-11-01T05:30Z 01:30 0", "2026-11-01T06:30Z 01:30 0"]);
  });

  test("an interval is elapsed time: its wall clock moves with the clock change", () => {
    const schedule: Schedule = { kind: "interval", dtstartLocal: "2026-03-07T12:00:00", tz: "America/New_York", intervalSeconds: 86_400 };
    expect(shown(schedule, 2)).toEqual(["2026-03-07T17:00Z 12:00 0", "2026-03-08T17:00Z 13:00 0"]);
  });
});

describe("bounds", () => {
  test("COUNT counts excluded dates and leaves extra dates alone, UNTIL as a date is its whole day", () => {
    const schedule: Schedule = {
      ...daily,
      dtstartLocal: "2026-06-01T09:00:00",
      rrule: "FREQ=DAILY;COUNT=3",
      exdatesLocal: ["2026-06-02T09:00:00"],
      rdatesLocal: ["2026-06-20T10:00:00"],
    };
    expect(occurrences(schedule, { limit: 9 }).map(({ local }) => local.slice(5, 13))).toEqual(["06-01T09", "06-03T09", "06-20T10"]);
    const until = { ...daily, dtstartLocal: "2026-06-01T23:00:00", rrule: "FREQ=DAILY;UNTIL=20260602" };
    expect(occurrences(until, { limit: 9 }).map(({ local }) => local.slice(5, 13))).toEqual(["06-01T23", "06-02T23"]);
  });

  test("a start that the rule does not match is not an occurrence", () => {
    const schedule = { ...daily, dtstartLocal: "2026-11-22T09:00:00", rrule: "FREQ=WEEKLY;BYDAY=MO" };
    expect(occurrences(schedule, { limit: 1 })[0]?.local).toBe("2026-11-23T09:00:00");
  });

  test("a count is kept when looking far after the start", () => {
    const schedule: Schedule = { ...daily, dtstartLocal: "1990-01-01T09:00:00", countTotal: 10_000 };
    expect(nextOccurrence(schedule, new Date("2017-05-17T00:00:00Z"))?.local).toBe("2017-05-17T09:00:00");
    expect(nextOccurrence(schedule, new Date("2017-05-19T00:00:00Z"))).toBeNull();
  });

  test("a rule as dense as one may be is counted and listed to its end", () => {
    const rrule = `FREQ=MONTHLY;BYMONTHDAY=${everyNumber(1, 31)};BYHOUR=${everyNumber(0, 23)};BYMINUTE=${everyNumber(0, 59)};COUNT=10000`;
    const schedule = { ...daily, dtstartLocal: "2026-01-01T00:00:00", tz: "UTC", rrule };
    const last = occurrences(schedule, { from: new Date("2026-01-07T22:00:00Z"), limit: 1000 });
    expect(last).toHaveLength(40);
    expect(last.at(-1)?.local).toBe("2026-01-07T22:39:00");
  });

  test("no series goes on beyond 2199", () => {
    const schedule = { ...daily, rrule: "FREQ=YEARLY;INTERVAL=40" };
    expect(occurrences(schedule, { limit: 1000 }).map(({ local }) => local.slice(0, 4))).toEqual(["2026", "2066", "2106", "2146", "2186"]);
    expect(nextOccurrence(schedule, new Date("9999-01-01T00:00:00Z"))).toBeNull();
    const interval: Schedule = { kind: "interval", dtstartLocal: "2190-01-01T00:00:00", tz: "UTC", intervalSeconds: 300_000_000 };
    expect(occurrences(interval, { limit: 9 })).toHaveLength(2);
  });

  test("29 February on a Monday is found 28 years later", () => {
    const schedule = { ...daily, dtstartLocal: "2016-02-29T09:00:00", rrule: "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO" };
    expect(nextOccurrence(schedule, new Date("2016-03-01T00:00:00Z"))?.local).toBe("2044-02-29T09:00:00");
  });

  test.each([
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    "FREQ=YEARLY;BYMONTH=7;BYWEEKNO=1;BYDAY=MO",
    "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=366",
    "FREQ=YEARLY;INTERVAL=9999;BYMONTH=5;BYMONTHDAY=1",
  ])("a rule that never fires yields nothing: %s", (rrule) => {
    expect(occurrences({ ...daily, rrule }, { after: new Date("2026-11-21T00:00:00Z"), limit: 10 })).toEqual([]);
  });

  test("the limit is 1 to 1000", () => {
    expect(() => occurrences(daily, { limit: 1001 })).toThrow("limit: must be a whole number within 1..1000");
    expect(() => occurrences(daily, { limit: 0 })).toThrow("limit");
    expect(occurrences(daily, { limit: 1000 })).toHaveLength(1000);
  });
});
