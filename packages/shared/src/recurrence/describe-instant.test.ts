import { expect, test } from "vitest";
import { describeInstant } from "./describe-instant.ts";

const now = new Date("2026-11-21T10:00:00Z");

test.each([
  ["2026-11-21T10:00:00.300Z", "now"],
  ["2026-11-21T10:00:10Z", "in 10 seconds"],
  ["2026-11-21T09:59:59Z", "1 second ago"],
  ["2026-11-21T10:20:00Z", "in 20 minutes"],
  ["2026-11-21T10:59:50Z", "in 1 hour"],
  ["2026-11-21T15:00:00Z", "in 5 hours"],
  ["2026-11-21T07:00:00Z", "3 hours ago"],
  ["2026-11-22T08:00:00Z", "tomorrow at 09:00"],
  ["2026-11-20T08:00:00Z", "yesterday at 09:00"],
  ["2026-11-23T08:00:00Z", "in 2 days"],
  ["2026-11-18T08:00:00Z", "3 days ago"],
  ["2026-12-08T08:00:00Z", "in 2 weeks"],
  ["2027-01-25T08:00:00Z", "in 2 months"],
  ["2028-12-25T08:00:00Z", "in 2 years"],
  ["2025-11-21T08:00:00Z", "1 year ago"],
])("%s is %s", (at, relative) => {
  expect(describeInstant(new Date(at), "Europe/Berlin", now).relative).toBe(relative);
});

test("says the local time, the zone and the distance", () => {
  expect(describeInstant(new Date("2026-11-23T08:00:00Z"), "Europe/Berlin", now)).toEqual({
    local: "2026-11-23T09:00:00",
    tz: "Europe/Berlin",
    relative: "in 2 days",
    sentence: "Mon 23 Nov 2026, 09:00 (Europe/Berlin), in 2 days",
  });
  expect(describeInstant(new Date("2026-11-22T08:00:30Z"), "Europe/Berlin", now).sentence).toBe(
    "Sun 22 Nov 2026, 09:00:30 (Europe/Berlin), tomorrow",
  );
});

test("counts days by the calendar of the zone, not by 24 hours", () => {
  const at = new Date("2026-11-22T15:30:00Z");
  expect(describeInstant(at, "Asia/Tokyo", now).relative).toBe("in 2 days");
  expect(describeInstant(at, "America/New_York", now).relative).toBe("tomorrow at 10:30");
});
