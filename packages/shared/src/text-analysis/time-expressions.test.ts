import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { expect, test } from "vitest";
import { closeness, periodsOf } from "./time-expressions.ts";

/** A Saturday. */
const now = new Date("2026-11-21T12:00:00Z");
const days = (text: string, timeZone = "UTC") =>
  periodsOf(text, now, timeZone).map((period) =>
    "from" in period ? [period.from, period.to].map((at) => at.toISOString().slice(0, 10)).join("/") : period,
  );

test.each([
  ["what happened yesterday?", ["2026-11-20/2026-11-21"]],
  ["last week", ["2026-11-09/2026-11-16"]],
  ["this month", ["2026-11-01/2026-12-01"]],
  ["the past three months", ["2026-08-21/2026-11-22"]],
  ["two days ago", ["2026-11-19/2026-11-20"]],
  ["a year ago", ["2025-01-01/2026-01-01"]],
  ["on Monday", ["2026-11-16/2026-11-17"]],
  ["last Saturday", ["2026-11-14/2026-11-15"]],
  ["last weekend", ["2026-11-14/2026-11-16"]],
  ["last summer", ["2026-06-01/2026-09-01"]],
  ["on 8 May, 2023", ["2023-05-08/2023-05-09"]],
  ["October 13th 2023", ["2023-10-13/2023-10-14"]],
  ["in July 2023", ["2023-07-01/2023-08-01"]],
  ["in 2023", ["2023-01-01/2024-01-01"]],
  ["2023-05-08", ["2023-05-08/2023-05-09"]],
  ["in March", [{ month: 3, day: null }]],
  ["on 14 March", [{ month: 3, day: 14 }]],
  ["between 2 June 2023 and 5 June 2023", ["2023-06-02/2023-06-03", "2023-06-05/2023-06-06"]],
])("reads %s", (text, expected) => {
  expect(days(text)).toEqual(expected);
});

test.each(["may I ask you", "we march on", "14 marched", "2023-13-05", "room 2023", "last"])("reads no time in %s", (text) => {
  expect(periodsOf(text, now, "UTC")).toEqual([]);
});

test("counts days in the user's zone", () => {
  expect(periodsOf("yesterday", new Date("2026-11-21T00:30:00Z"), "America/New_York")).toEqual([
    { from: new Date("2026-11-19T05:00:00Z"), to: new Date("2026-11-20T05:00:00Z") },
  ]);
});

test("takes any text without failing, and every span of time goes forward", () => {
  const words = constantFrom(
    "last",
    "on",
    "in",
    "31",
    "February",
    "2023",
    "0000",
    "years",
    "999",
    "ago",
    "May",
    "week",
    "this",
    "winter",
    "-",
  );
  assert(
    property(array(oneof(words, string()), { maxLength: 12 }), (parts) => {
      const spans = periodsOf(parts.join(" "), now, "Pacific/Apia").filter((period) => "from" in period);
      expect(spans.every(({ from, to }) => from < to)).toBe(true);
    }),
  );
});

test("is 1 inside a period and falls by half with every half-life after it", () => {
  const [may] = [{ from: new Date("2023-05-01T00:00:00Z"), to: new Date("2023-06-01T00:00:00Z") }];
  expect(closeness([may], new Date("2023-05-20T00:00:00Z"), 5)).toBe(1);
  expect(closeness([may], new Date("2023-06-06T00:00:00Z"), 5)).toBe(0.5);
  expect(closeness([may], new Date("2023-04-28T12:00:00Z"), 5)).toBe(0.5);
  expect(closeness([{ month: 5, day: null }], new Date("1999-05-31T00:00:00Z"), 5)).toBe(1);
  expect(closeness([{ month: 12, day: 31 }], new Date("2024-01-06T00:00:00Z"), 5)).toBe(0.5);
});
