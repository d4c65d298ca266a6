import { assert, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import { occurrences } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";

const yearly = (date: string, offset: string, tz = "Europe/Berlin"): Schedule => ({
  kind: "recurring",
  dtstartLocal: `${date.slice(0, 4)}-01-01T00:00:00`,
  tz,
  anniversary: { date, offset, time: "09:00:00" },
});
const days = (schedule: Schedule, limit: number) =>
  occurrences(schedule, { limit, from: new Date("2023-06-01T00:00:00Z") }).map(({ local }) => local.slice(0, 10));

test("3 days before 1 March is the 27th of February in leap years and the 26th in others", () => {
  expect(days(yearly("1985-03-01", "-P3D"), 5)).toEqual(["2024-02-27", "2025-02-26", "2026-02-26", "2027-02-26", "2028-02-27"]);
});

test("a birthday on 29 February returns on the 28th where there is none", () => {
  expect(days(yearly("2000-02-29", "-P0D"), 5)).toEqual(["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
  expect(days(yearly("2000-02-29", "-P1M"), 3)).toEqual(["2024-01-29", "2025-01-28", "2026-01-28"]);
});

test("a lead time over the turn of the year counts back from each year's own day", () => {
  expect(days(yearly("2000-03-01", "-P70D"), 3)).toEqual(["2023-12-22", "2024-12-21", "2025-12-21"]);
});

test("counts, ends and clock changes hold as for a rule", () => {
  expect(days({ ...yearly("2026-03-29", "P0D"), dtstartLocal: "2026-01-01T00:00:00", countTotal: 2 }, 9)).toEqual([
    "2026-03-29",
    "2027-03-29",
  ]);
  const skipped = yearly("2026-03-29", "P0D");
  const [first] = occurrences({ ...skipped, anniversary: { date: "2026-03-29", offset: "P0D", time: "02:30:00" } }, { limit: 1 });
  expect(first).toMatchObject({ local: "2026-03-29T03:30:00", shiftedBySeconds: 3600 });
});

test("every year once, exactly so many days before that year's day", () => {
  const date = record({ year: integer({ min: 1950, max: 2030 }), month: integer({ min: 1, max: 12 }), day: integer({ min: 1, max: 28 }) });
  assert(
    property(date, integer({ min: 0, max: 1000 }), ({ year, month, day }, before) => {
      const birthday = Temporal.PlainDate.from({ year, month, day });
      const found = occurrences(yearly(birthday.toString(), `-P${before}D`, "UTC"), { limit: 60 });
      const ahead = found.map(({ local }) => Temporal.PlainDate.from(local.slice(0, 10)).add({ days: before }));
      expect(ahead.map(({ month: m, day: d }) => [m, d])).toEqual(ahead.map(() => [month, day]));
      expect(ahead.map((that) => that.year)).toEqual(ahead.map((_, index) => (ahead[0]?.year ?? 0) + index));
    }),
    { numRuns: 200 },
  );
});
