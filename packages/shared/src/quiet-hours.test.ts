import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkQuietHours, deferPastQuietHours } from "./quiet-hours.ts";

const night = { start: "22:00", end: "07:00" };
const defer = (at: string, quiet = night, tz = "Europe/Berlin") => deferPastQuietHours(new Date(at), quiet, tz).toISOString().slice(0, 16);

test.each([
  ["2026-11-21T20:59", "2026-11-21T20:59", "before the start"],
  ["2026-11-21T21:00", "2026-11-22T06:00", "at the start"],
  ["2026-11-21T23:30", "2026-11-22T06:00", "after midnight"],
  ["2026-11-22T05:59", "2026-11-22T06:00", "just before the end"],
  ["2026-11-22T06:00", "2026-11-22T06:00", "at the end"],
])("%s is sent at %s: %s", (at, expected) => {
  expect(defer(`${at}:00Z`)).toBe(expected);
});

test("hours within one day end on that day", () => {
  const noon = { start: "12:00", end: "14:00" };
  expect(defer("2026-11-21T12:00:00Z", noon)).toBe("2026-11-21T13:00");
  expect(defer("2026-11-21T13:00:00Z", noon)).toBe("2026-11-21T13:00");
});

test("only the days on which they begin are quiet, the morning after included", () => {
  const friday = { ...night, days: [5] };
  expect(defer("2026-11-21T02:00:00Z", friday)).toBe("2026-11-21T06:00");
  expect(defer("2026-11-21T22:00:00Z", friday)).toBe("2026-11-21T22:00");
});

test("the end keeps its wall clock over a clock change", () => {
  expect(defer("2026-03-28T22:00:00Z")).toBe("2026-03-29T05:00");
  expect(defer("2026-10-24T21:00:00Z")).toBe("2026-10-25T06:00");
});

test("an end that does not exist that night is the moment of the change, a repeated one its first pass", () => {
  const short = { start: "22:00", end: "02:30" };
  expect(defer("2026-03-28T23:00:00Z", short)).toBe("2026-03-29T01:00");
  expect(defer("2026-10-24T23:00:00Z", short)).toBe("2026-10-25T00:30");
  expect(defer("2026-10-25T01:10:00Z", short)).toBe("2026-10-25T01:10");
});

test("a night that spans a date its zone skipped ends with it", () => {
  expect(defer("2011-12-30T09:30:00Z", night, "Pacific/Apia")).toBe("2011-12-30T17:00");
});

test("deferring is never early, ends outside the quiet hours and is at most a day", () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
  const at = fc.date({ min: new Date("2011-12-01T00:00:00Z"), max: new Date("2027-12-31T00:00:00Z"), noInvalidDate: true });
  const tz = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago");
  fc.assert(
    fc.property(at, time, time, tz, (instant, start, end, zone) => {
      fc.pre(start !== end);
      const deferred = deferPastQuietHours(instant, { start, end }, zone);
      const moved = deferred.getTime() - instant.getTime();
      expect(moved).toBeGreaterThanOrEqual(0);
      expect(moved).toBeLessThan(25 * 3_600_000);
      expect(deferPastQuietHours(deferred, { start, end }, zone)).toEqual(deferred);
    }),
  );
});

test("refuses malformed hours, naming the field", () => {
  expect(() => checkQuietHours({ start: "24:00", end: "07:00" })).toThrow("quietHours.start: ");
  expect(() => checkQuietHours({ start: "22:00", end: "7:00" })).toThrow("quietHours.end: ");
  expect(() => checkQuietHours({ start: "22:00", end: "22:00" })).toThrow("must differ");
  expect(() => checkQuietHours({ ...night, days: [0] })).toThrow("quietHours.days: ");
  expect(() => checkQuietHours({ ...night, days: [] })).toThrow("quietHours.days: ");
});
