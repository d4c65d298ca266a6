import { RRuleTemporal } from "rrule-temporal";
import type { Frequency, Rule } from "./rule.ts";

/**
 * A series ends where it is silent this long. The longest silence of a rule that still fires is 40 years
 * (29 February on a given weekday across 2100).
 */
const maxSilenceYears = 41;
const periodsInYear: Record<Frequency, number> = { YEARLY: 1, MONTHLY: 12, WEEKLY: 53, DAILY: 366 };

/**
 * The wall clocks of a rule in order, on `from`'s date or later and not before `dtstart`, none after `to`'s date. COUNT and UNTIL
 * are not applied. The library only ever sees dates, in UTC: times of day are multiplied here, so that no rule, however dense,
 * costs more than its days.
 */
export function* wallClocks(
  rule: Rule,
  dtstart: Temporal.PlainDateTime,
  from: Temporal.PlainDateTime,
  to: Temporal.PlainDateTime,
): Generator<Temporal.PlainDateTime> {
  const times = timesOfDay(rule, dtstart);
  const firstDate = dtstart.toPlainDate();
  const searchFrom = Temporal.PlainDateTime.compare(from, dtstart) > 0 ? from.toPlainDate() : firstDate;
  for (const date of dates(rule, firstDate, searchFrom, to.toPlainDate())) {
    for (const time of times) {
      const local = date.toPlainDateTime(time);
      if (Temporal.PlainDateTime.compare(local, dtstart) >= 0) yield local;
    }
  }
}

function timesOfDay({ numbers }: Rule, dtstart: Temporal.PlainDateTime): Temporal.PlainTime[] {
  const seconds = numbers.BYSECOND ?? [dtstart.second];
  const minutes = numbers.BYMINUTE ?? [dtstart.minute];
  const hours = numbers.BYHOUR ?? [dtstart.hour];
  return hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => new Temporal.PlainTime(hour, minute, second))));
}

function* dates(rule: Rule, dtstart: Temporal.PlainDate, from: Temporal.PlainDate, to: Temporal.PlainDate): Generator<Temporal.PlainDate> {
  const silenceYears = Math.min(maxSilenceYears, Math.max(0, from.until(to).days) / 365 + 1);
  const calendar = createCalendar(rule, dtstart, Math.ceil(silenceYears * periodsInYear[rule.freq]) + 1);
  let date = from;
  for (let found = next(calendar, date, true); found !== null; found = next(calendar, date, false)) {
    if (Temporal.PlainDate.compare(found, to) > 0) return;
    if (Temporal.PlainDate.compare(found, date.add({ years: maxSilenceYears })) > 0) return;
    yield found;
    date = found;
  }
}

function createCalendar({ freq, interval, numbers, byDay, wkst }: Rule, dtstart: Temporal.PlainDate, maxIterations: number): RRuleTemporal {
  return new RRuleTemporal({
    dtstart: dtstart.toZonedDateTime("UTC"),
    freq,
    interval,
    maxIterations,
    ...(wkst === undefined ? {} : { wkst }),
    ...(byDay.length === 0 ? {} : { byDay }),
    ...(numbers.BYMONTH === undefined ? {} : { byMonth: numbers.BYMONTH }),
    ...(numbers.BYWEEKNO === undefined ? {} : { byWeekNo: numbers.BYWEEKNO }),
    ...(numbers.BYYEARDAY === undefined ? {} : { byYearDay: numbers.BYYEARDAY }),
    ...(numbers.BYMONTHDAY === undefined ? {} : { byMonthDay: numbers.BYMONTHDAY }),
    ...(numbers.BYSETPOS === undefined ? {} : { bySetPos: numbers.BYSETPOS }),
  });
}

function next(calendar: RRuleTemporal, date: Temporal.PlainDate, inclusive: boolean): Temporal.PlainDate | null {
  try {
    return calendar.next(date.toZonedDateTime("UTC"), inclusive)?.toPlainDate() ?? null;
  } catch (error) {
    // The library throws after that many periods without a match: the series is over.
    if (error instanceof Error && error.message.startsWith("Maximum iterations")) return null;
    throw error;
  }
}
