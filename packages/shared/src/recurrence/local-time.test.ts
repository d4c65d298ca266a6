import { expect, test } from "vitest";
import { checkTimeZone, isTimeZone, resolveLocal, toLocal } from "./local-time.ts";

test("knows IANA zones in any case and nothing else", () => {
  for (const tz of ["Europe/Berlin", "america/new_york", "UTC", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"])
    expect(isTimeZone(tz)).toBe(true);
  for (const tz of ["", "+02:00", "Europe/Berlim", "Europe/Berlin ", "CEST2", "2026-11-22T09:00[Europe/Berlin]", "x".repeat(500)]) {
    expect(isTimeZone(tz)).toBe(false);
  }
  expect(checkTimeZone("AMERICA/NEW_YORK")).toBe("America/New_York");
});

test("reads the wall clock at an instant, to the second", () => {
  expect(toLocal(new Date("2026-11-22T08:00:05.999Z"), "Europe/Berlin")).toBe("2026-11-22T09:00:05");
});

test("resolves a wall clock, moving one that does not exist and choosing a pass of one that is repeated", () => {
  expect(resolveLocal("2026-11-22T09:00", "europe/berlin")).toEqual({
    at: new Date("2026-11-22T08:00:00Z"),
    local: "2026-11-22T09:00:00",
    shiftedBySeconds: 0,
  });
  expect(resolveLocal("2026-03-29T02:30:00", "Europe/Berlin")).toEqual({
    at: new Date("2026-03-29T01:30:00Z"),
    local: "2026-03-29T03:30:00",
    shiftedBySeconds: 3600,
  });
  expect(resolveLocal("2026-10-25T02:30:00", "Europe/Berlin").at).toEqual(new Date("2026-10-25T00:30:00Z"));
  expect(resolveLocal("2026-10-25T02:30:00", "Europe/Berlin", { overlapPolicy: "second" }).at).toEqual(new Date("2026-10-25T01:30:00Z"));
});

test("names the field of a malformed wall clock or zone", () => {
  expect(() => resolveLocal("tomorrow", "UTC", {}, ["at", "local"])).toThrow("at.local: not a wall clock");
  expect(() => resolveLocal("2026-11-22T09:00", "Nowhere")).toThrow("tz: unknown time zone");
});
