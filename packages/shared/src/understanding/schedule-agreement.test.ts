import { expect, test } from "vitest";
import { checkSchedule, nextOccurrence, resolveLocal } from "../recurrence/index.ts";
import type { SaidSchedule } from "./types.ts";
import { understand } from "./understand.ts";

const zones = ["Europe/Paris", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"];
const whens = [
  "every weekday at 8:30",
  "every other Tuesday at 9",
  "every 2 weeks on Friday at noon",
  "every month on the 31st at 9:00",
  "every month on the 1st and 15th at 2:30am",
  "on the last Friday of every month at 16:00",
  "every fifth Monday of the month at 3:00",
  "on the last day of every month",
  "every year on 14 March",
  "every 29 February at 10",
  "every 90 minutes",
  "every hour 3 times",
  "every 2 hours until tomorrow",
  "every day at 7 until 1 December",
  "every day at 2:15 for 5 times",
  "every 3 days at 9 starting 1 December",
  "every 12 months on the 29th",
  "tomorrow at 2:30am",
  "at midnight",
  "in 20 minutes",
  "in 3 days",
  "on the 31st at 9",
];

function startOf(schedule: SaidSchedule): number {
  if (schedule.kind === "once") return schedule.at.getTime();
  const overlapPolicy = schedule.overlapPolicy ?? "first";
  return resolveLocal(schedule.dtstartLocal, schedule.tz, { overlapPolicy }).at.getTime();
}

test.each(zones)("every understood schedule is one that the recurrence engine accepts, and fires first when it says: %s", (timezone) => {
  const moments = Array.from({ length: 6 }, (_, index) => new Date(Date.UTC(2026, 0, 1) + index * 5_491_234_567));
  const clockChange = new Date("2026-11-01T06:02:39.984Z");
  let checked = 0;
  for (const now of [...moments, clockChange]) {
    for (const when of whens) {
      for (const one of understand(`Remind me ${when} to call.`, { now, timezone })) {
        if (one.kind !== "remind") continue;
        checked += 1;
        const next = nextOccurrence(checkSchedule(one.schedule, now), now);
        expect({ when, now, at: next?.at.getTime() }).toEqual({ when, now, at: startOf(one.schedule) });
      }
    }
  }
  expect(checked).toBeGreaterThan(120);
});
