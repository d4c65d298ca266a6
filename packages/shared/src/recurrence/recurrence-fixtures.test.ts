import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { GapPolicy, OverlapPolicy } from "../enumerations.ts";
import type { Occurrence } from "./local-time.ts";
import { nextOccurrence, occurrences } from "./occurrences.ts";
import type { Schedule } from "./schedule.ts";

interface Case {
  tz: string;
  dtstart: string;
  rrule: string;
  gap?: GapPolicy;
  overlap?: OverlapPolicy;
  count?: number;
  until?: string;
  after?: string;
  rdates?: string[];
  exdates?: string[];
  /** "instant with offset[ shift in seconds] | ..." */
  expected: string;
}

const fixtures: { end: string; limit: number; cases: Case[] } = JSON.parse(
  readFileSync(new URL("recurrence-fixtures.json", import.meta.url), "utf8"),
);
const { cases } = fixtures;
const end = new Date(fixtures.end);

function toSchedule(item: Case): Schedule {
  return {
    kind: "recurring",
    dtstartLocal: item.dtstart,
    tz: item.tz,
    rrule: item.rrule,
    rdatesLocal: item.rdates ?? [],
    exdatesLocal: item.exdates ?? [],
    untilAt: item.until === undefined ? null : new Date(item.until),
    countTotal: item.count ?? null,
    gapPolicy: item.gap ?? "shift",
    overlapPolicy: item.overlap ?? "first",
  };
}

function parseExpected(text: string): Occurrence[] {
  return text
    .split(" | ")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [instant = "", shift = "0"] = entry.split(" ");
      return { at: new Date(instant), local: instant.slice(0, 19), shiftedBySeconds: Number(shift) };
    });
}

test("the fixtures cover at least 10 zones and several hundred rules", () => {
  expect(new Set(cases.map(({ tz }) => tz)).size).toBeGreaterThanOrEqual(10);
  expect(cases.length).toBeGreaterThan(700);
});

test("expands every series as the independent oracle does, to the instant, the wall clock and the shift", () => {
  const differences = cases.flatMap((item) => {
    const after = item.after === undefined ? {} : { after: new Date(item.after) };
    const actual = occurrences(toSchedule(item), { ...after, limit: fixtures.limit + 1 })
      .filter(({ at }) => at < end)
      .slice(0, fixtures.limit);
    const expected = parseExpected(item.expected);
    return JSON.stringify(actual) === JSON.stringify(expected) ? [] : [{ item, actual }];
  });
  expect(differences).toEqual([]);
});

test("finds each next occurrence from any instant before it as the oracle does", () => {
  const differences = cases.flatMap((item) => {
    const schedule = toSchedule(item);
    const expected = parseExpected(item.expected);
    return expected.slice(1).flatMap((occurrence, index) => {
      const previous = expected[index];
      const instants = [previous?.at ?? occurrence.at, new Date(occurrence.at.getTime() - 1)];
      const actual = instants.map((after) => nextOccurrence(schedule, after));
      return JSON.stringify(actual) === JSON.stringify([occurrence, occurrence]) ? [] : [{ item, actual }];
    });
  });
  expect(differences).toEqual([]);
});
