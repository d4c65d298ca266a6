import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addDuration } from "./duration.ts";

const now = new Date("2026-11-21T10:00:00Z");

test.each([
  ["PT10S", "2026-11-21T10:00:10.000Z"],
  ["PT0.5S", "2026-11-21T10:00:00.500Z"],
  ["pt1h30m", "2026-11-21T11:30:00.000Z"],
  ["P1W", "2026-11-28T10:00:00.000Z"],
  ["P1M", "2026-12-21T10:00:00.000Z"],
  ["P10Y", "2036-11-21T10:00:00.000Z"],
])("adds %s", (iso, expected) => {
  expect(addDuration(now, iso, "UTC").toISOString()).toBe(expected);
});

test("days keep the wall clock over a clock change, hours are elapsed time", () => {
  const evening = new Date("2026-03-28T17:00:00Z");
  expect(addDuration(evening, "P1D", "Europe/Berlin").toISOString()).toBe("2026-03-29T16:00:00.000Z");
  expect(addDuration(evening, "PT24H", "Europe/Berlin").toISOString()).toBe("2026-03-29T17:00:00.000Z");
});

test("a month that is too short ends on its last day", () => {
  expect(addDuration(new Date("2027-01-31T09:00:00Z"), "P1M", "UTC").toISOString()).toBe("2027-02-28T09:00:00.000Z");
});

test.each([
  ["ten minutes", "is not a duration"],
  ["", "is not a duration"],
  ["P", "is not a duration"],
  ["10", "is not a duration"],
  ["P1H", "is not a duration"],
  [`PT${"1".repeat(80)}S`, "not a duration"],
  ["-PT10S", "greater than zero"],
  ["PT0S", "greater than zero"],
  ["PT0.0001S", "greater than zero"],
  ["P10YT1S", "at most 10 years"],
  ["P999999999Y", "at most 10 years"],
  ["PT9007199254740991S", "at most 10 years"],
])("refuses %s", (iso, message) => {
  expect(() => addDuration(now, iso, "UTC")).toThrow(message);
});

test("names the field that held the duration, and an unknown zone", () => {
  expect(() => addDuration(now, "soon", "UTC")).toThrow("in: ");
  expect(() => addDuration(now, "soon", "UTC", "snooze")).toThrow("snooze: ");
  expect(() => addDuration(now, "PT1H", "Nowhere")).toThrow("tz: unknown time zone");
});

test("any number of seconds is exactly that long in every zone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300_000_000 }), fc.constantFrom("UTC", "Europe/Berlin", "Pacific/Apia"), (seconds, tz) => {
      expect(addDuration(now, `PT${seconds}S`, tz).getTime() - now.getTime()).toBe(seconds * 1000);
    }),
  );
});
