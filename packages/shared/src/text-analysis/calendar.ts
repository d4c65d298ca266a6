/** A span of time, or the same days of every year. Months are 1 to 12; without a day the whole month. */
export type Period = { from: Date; to: Date } | { month: number; day: number | null };

export type Unit = "days" | "weeks" | "months" | "years";
type Day = Temporal.ZonedDateTime;
type Span = [from: Day, to: Day];

/** What a form of words means, by its groups (the whole match first) and the beginning of this day. */
export type Read = (groups: (string | undefined)[], today: Day) => Period | null;

export const period = ([from, to]: Span): Period => ({ from: new Date(from.epochMilliseconds), to: new Date(to.epochMilliseconds) });

/** The calendar unit that holds a day. Weeks begin on Monday. */
export function unitAround(at: Day, unit: Unit): Span {
  const from =
    unit === "days"
      ? at
      : unit === "weeks"
        ? at.subtract({ days: at.dayOfWeek - 1 })
        : at.with(unit === "months" ? { day: 1 } : { month: 1, day: 1 });
  return [from, from.add({ [unit]: 1 })];
}

/** A day or a month, of a year or of every one. Null when no month has that day. */
export function dateIn(today: Day, month: number, day: string | undefined, year: string | undefined): Period | null {
  const dayOfMonth = day === undefined ? null : Number(day);
  if (month < 1 || month > 12 || (dayOfMonth !== null && (dayOfMonth < 1 || dayOfMonth > 31))) return null;
  if (year === undefined) return { month, day: dayOfMonth };
  const from = today.with({ year: Number(year), month, day: dayOfMonth ?? 1 });
  return period(unitAround(from, dayOfMonth === null ? "months" : "days"));
}

/** The weekend of this week, or of so many weeks before. */
export function weekend(today: Day, weeksBack: number): Period {
  const saturday = today.add({ days: 6 - today.dayOfWeek - 7 * weeksBack });
  return period([saturday, saturday.add({ days: 2 })]);
}

/** The last Monday (1) to Sunday (7) before today. */
export const lastDayOfWeek = (today: Day, dayOfWeek: number): Period =>
  period(unitAround(today.subtract({ days: (today.dayOfWeek - dayOfWeek + 7) % 7 || 7 }), "days"));

/** Three months from the first of `month`: those that began last, or with `last` the last ones that are over. */
export function season(today: Day, month: number, last: boolean): Period {
  const begins = today.with({ month, day: 1 });
  const latest = Temporal.ZonedDateTime.compare(begins, today) > 0 ? begins.subtract({ years: 1 }) : begins;
  const over = Temporal.ZonedDateTime.compare(latest.add({ months: 3 }), today) <= 0;
  const from = last && !over ? latest.subtract({ years: 1 }) : latest;
  return period([from, from.add({ months: 3 })]);
}
