import type { AppError } from "../errors.ts";
import { badInput } from "../errors.ts";
import { instantOf, resolveLocal } from "./local-time.ts";
import { occurrences } from "./occurrences.ts";
import type { CheckedSchedule, Schedule } from "./schedule.ts";
import { normaliseSchedule } from "./schedule.ts";

const horizonYears = 10;

/**
 * Checks a new schedule at `now` and returns it in canonical form: zone and wall clocks written out, COUNT and UNTIL moved from the
 * rule into countTotal and untilAt. Throws BAD_REQUEST whose path is the field; a past "once" and a schedule without an occurrence
 * in the 10 years after `now` are refused too.
 */
export function checkSchedule(schedule: Schedule, now: Date): CheckedSchedule {
  const checked = normaliseSchedule(schedule);
  const horizon = new Date(instantOf(now).toZonedDateTimeISO(checked.tz).add({ years: horizonYears }).epochMilliseconds);
  if (occurrences(checked, { after: now, to: horizon, limit: 1 }).length > 0) return checked;
  if (checked.kind === "once") throw refuseOnce(checked, now, horizon);
  if (schedule.untilAt instanceof Date && schedule.untilAt.getTime() <= now.getTime()) {
    throw badInput("untilAt", "is in the past; give a future instant or leave it out");
  }
  const path = checked.kind === "interval" ? "dtstartLocal" : "rrule";
  throw badInput(
    path,
    `nothing would fire within the next ${horizonYears} years; check the start, the end (UNTIL, COUNT) and whether the parts of the rule can be true together`,
    horizonYears,
  );
}

function refuseOnce({ dtstartLocal, tz }: CheckedSchedule, now: Date, horizon: Date): AppError {
  const { at } = resolveLocal(dtstartLocal, tz);
  if (at <= now) return badInput("dtstartLocal", `${dtstartLocal} in ${tz} is in the past; give a future time`);
  if (at > horizon) return badInput("dtstartLocal", `must be within ${horizonYears} years from now`, horizonYears);
  return badInput("dtstartLocal", "a clock change skips this time that day; choose another time, or gapPolicy shift");
}
