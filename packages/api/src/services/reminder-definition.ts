import { createFactRepository, type NewReminder, type Reminder, type ReminderAlert, type UserTransaction } from "@mema/db";
import {
  addDuration,
  type Anniversary,
  badInput,
  type CheckedSchedule,
  checkSchedule,
  checkTimeZone,
  firstReturn,
  gapPolicies,
  idInput,
  instantInput,
  maxExtraDates,
  maxIntervalSeconds,
  minIntervalSeconds,
  misfirePolicies,
  nextOccurrence,
  occurrences,
  offsetLocal,
  overlapPolicies,
  plainText,
  quietPolicies,
  reminderPriorities,
  repeatFroms,
  resolveLocal,
  textLimits,
  toLocal,
} from "@mema/shared";
import { z } from "zod";
import { longestLead, type ReminderRule, scheduleOf } from "./reminder-plan.ts";

const local = z.string().max(32);
const duration = z.string().max(64);
const zone = z.string().max(64);
const dates = z.array(local).max(maxExtraDates, `at most ${maxExtraDates} dates: use a rule, or split it into several reminders`);
const channelIds = z.array(idInput).max(20, "at most 20 channels");
const maxLeadSeconds = 366 * 86_400;
const maxNagSeconds = 7 * 86_400;

/** When a reminder is due: exactly one of `in`, `at`, `rrule` (or `rdatesLocal`), `every`, `beforeFact`. Without `tz` it follows the user's zone. */
export const timing = {
  /** From now on, as an ISO 8601 duration: "PT20M". */
  in: duration.optional(),
  /** Once, at a wall clock. */
  at: z.strictObject({ local, tz: zone.optional() }).optional(),
  /** An RFC 5545 rule, from `dtstartLocal` on. */
  rrule: z.string().max(2_000).optional(),
  /** Every so many seconds of elapsed time, from `dtstartLocal` on, or from now. */
  every: z
    .strictObject({
      seconds: z
        .int()
        .min(minIntervalSeconds, `must be at least ${minIntervalSeconds} s: give a longer interval`)
        .max(maxIntervalSeconds, "must be at most 10 years: give a shorter interval"),
    })
    .optional(),
  dtstartLocal: local.optional(),
  tz: zone.optional(),
  rdatesLocal: dates.optional(),
  exdatesLocal: dates.optional(),
  untilAt: instantInput.optional(),
  countTotal: z.int().min(1).max(10_000).optional(),
  /** So long before the day of a fact, at a time of that day; `yearly` for a birthday. */
  beforeFact: z
    .strictObject({
      factId: idInput,
      offset: duration.default("P0D"),
      time: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of day as HH:MM")
        .default("09:00"),
      yearly: z.boolean().default(false),
    })
    .optional(),
  gapPolicy: z.enum(gapPolicies).optional(),
  overlapPolicy: z.enum(overlapPolicies).optional(),
};

const behaviour = {
  repeatFrom: z.enum(repeatFroms).optional(),
  misfire: z.enum(misfirePolicies).optional(),
  misfireGraceSeconds: z.int().min(60, "must be at least 60 s").max(604_800, "must be at most 7 days").optional(),
  /** Seconds after the time at which to ask again, until it is answered. */
  nag: z
    .array(z.int().min(60, "must be at least 60 s").max(maxNagSeconds, "must be at most 7 days"))
    .max(20, "at most 20 times")
    .optional(),
  /** Lead times; at the time itself when there are none. */
  alerts: z
    .array(
      z.strictObject({ beforeSeconds: z.int().min(0).max(maxLeadSeconds, "must be at most 366 days"), channelIds: channelIds.optional() }),
    )
    .max(10, "at most 10 alerts")
    .optional(),
  priority: z.enum(reminderPriorities).optional(),
  quiet: z.enum(quietPolicies).optional(),
  /** Every usable channel of the user when there are none. */
  channelIds: channelIds.optional(),
};

const subject = { entityId: idInput.optional(), factId: idInput.optional(), sourceMessageId: idInput.optional() };

export const reminderInput = z.strictObject({
  title: plainText(textLimits.title),
  notes: plainText(textLimits.notes).optional(),
  ...timing,
  ...behaviour,
  ...subject,
  /** The same key again, while the first reminder is active or paused, returns that one. */
  dedupeKey: plainText(255).optional(),
});

export const reminderChangesInput = z.strictObject({
  title: plainText(textLimits.title).optional(),
  notes: plainText(textLimits.notes).nullable().optional(),
  ...timing,
  ...behaviour,
});

export const previewInput = z.strictObject({ ...timing, limit: z.int().min(1).max(500, "must be at most 500").default(10) });

export type ReminderInput = z.infer<typeof reminderInput>;
export type ReminderTiming = Pick<ReminderInput, keyof typeof timing>;
export type ReminderBehaviour = Pick<ReminderInput, keyof typeof behaviour>;

/** The columns that say when a reminder is due. */
export type TimingColumns = ReminderRule & Pick<Reminder, "anchorFactId">;

export const hasTiming = (input: ReminderTiming): boolean =>
  Object.keys(timing).some((name) => input[name as keyof ReminderTiming] !== undefined);

/**
 * Turns what was asked for into a checked schedule. Throws BAD_REQUEST on the field: none or several ways given, a rule that nothing
 * matches, a time in the past, an unknown zone; NOT_FOUND when the fact is not the user's.
 */
export async function resolveTiming(tx: UserTransaction, input: ReminderTiming, userZone: string, now: Date): Promise<TimingColumns> {
  const ways = (["in", "at", "rrule", "every", "beforeFact"] as const).filter((way) => input[way] !== undefined);
  const several = "choose one of in, at, rrule (with dtstartLocal), every, beforeFact";
  if (ways.length > 1) throw badInput(ways[1] ?? "at", `is given beside ${ways[0] ?? ""}: ${several}`);
  refuseUnused(input, ways[0]);
  if (input.in !== undefined) return afterDuration(input.in, zoneOr(input.tz, userZone), now);
  if (input.at !== undefined) return atLocal(input, input.at, userZone, now);
  if (input.every !== undefined) return everySeconds(input, input.every.seconds, zoneOr(input.tz, userZone), now);
  if (input.beforeFact !== undefined) return beforeFact(tx, input, input.beforeFact, userZone, now);
  if (input.rrule === undefined && (input.rdatesLocal ?? []).length === 0) throw badInput("at", `is missing: ${several}`);
  const [start] = input.rdatesLocal ?? [];
  const dtstartLocal = input.dtstartLocal ?? (input.rrule === undefined ? start : undefined);
  if (dtstartLocal === undefined)
    throw badInput("dtstartLocal", 'is missing: a rule needs the wall clock it starts from, "2026-11-23T08:30:00"');
  return columns(input.tz, check(input, { kind: "recurring", dtstartLocal, rrule: input.rrule ?? null }, userZone, now));
}

function refuseUnused(input: ReminderTiming, way: string | undefined): void {
  const onlyForRules = ["rdatesLocal", "exdatesLocal"] as const;
  const onlyForSeries = ["untilAt", "countTotal"] as const;
  if (way === "in" || way === "at" || way === "every" || way === "beforeFact") {
    for (const name of onlyForRules)
      if (input[name] !== undefined) throw badInput(name, `has no meaning beside ${way}; it belongs to rrule`);
  }
  if (way === "in" || way === "at") {
    for (const name of onlyForSeries) if (input[name] !== undefined) throw badInput(name, `has no meaning beside ${way}, which fires once`);
  }
  if (way !== undefined && way !== "rrule" && way !== "every" && input.dtstartLocal !== undefined) {
    throw badInput("dtstartLocal", `has no meaning beside ${way}; it is the start of rrule or every`);
  }
  if (way === "at" && input.tz !== undefined) throw badInput("tz", "belongs into at.tz");
}

const zoneOr = (tz: string | undefined, userZone: string): string => (tz === undefined ? userZone : checkTimeZone(tz));

type ScheduleParts = Pick<CheckedSchedule, "kind" | "dtstartLocal"> &
  Partial<Pick<CheckedSchedule, "rrule" | "anniversary" | "intervalSeconds" | "overlapPolicy">>;

function check(input: ReminderTiming, parts: ScheduleParts, userZone: string, now: Date): CheckedSchedule {
  return checkSchedule(
    {
      tz: zoneOr(input.tz, userZone),
      rdatesLocal: input.rdatesLocal ?? [],
      exdatesLocal: input.exdatesLocal ?? [],
      untilAt: input.untilAt ?? null,
      countTotal: input.countTotal ?? null,
      gapPolicy: input.gapPolicy ?? "shift",
      overlapPolicy: input.overlapPolicy ?? "first",
      ...parts,
    },
    now,
  );
}

function columns(tz: string | undefined, schedule: CheckedSchedule): TimingColumns {
  return { ...schedule, tz: tz === undefined ? null : schedule.tz, anchorFactId: null, anchorOffset: null, anchorDate: null };
}

/** Elapsed time belongs to no zone: the zone is fixed, and the second reading of a repeated hour is kept. */
function afterDuration(iso: string, tz: string, now: Date): TimingColumns {
  const at = new Date(Math.ceil(addDuration(now, iso, tz).getTime() / 1000) * 1000);
  const dtstartLocal = toLocal(at, tz);
  const overlapPolicy = resolveLocal(dtstartLocal, tz).at.getTime() === at.getTime() ? ("first" as const) : ("second" as const);
  return columns(tz, check({ tz }, { kind: "once", dtstartLocal, overlapPolicy }, tz, now));
}

function atLocal(input: ReminderTiming, at: { local: string; tz?: string | undefined }, userZone: string, now: Date): TimingColumns {
  const tz = at.tz === undefined ? userZone : checkTimeZone(at.tz, ["at", "tz"]);
  const overlapPolicy = input.overlapPolicy === "second" ? ("second" as const) : ("first" as const);
  const moment = resolveLocal(at.local, tz, { overlapPolicy }, ["at", "local"]);
  if (moment.at.getTime() <= now.getTime()) {
    throw badInput(["at", "local"], `${at.local} in ${tz} is in the past (it is ${toLocal(now, tz)} there); give a future time`);
  }
  return columns(at.tz, check({ ...input, tz }, { kind: "once", dtstartLocal: at.local }, tz, now));
}

function everySeconds(input: ReminderTiming, seconds: number, tz: string, now: Date): TimingColumns {
  const dtstartLocal = input.dtstartLocal ?? toLocal(new Date(Math.ceil(now.getTime() / 1000) * 1000 + seconds * 1000), tz);
  return columns(tz, check({ ...input, tz }, { kind: "interval", dtstartLocal, intervalSeconds: seconds }, tz, now));
}

async function beforeFact(
  tx: UserTransaction,
  input: ReminderTiming,
  { factId, offset, time, yearly }: NonNullable<ReminderTiming["beforeFact"]>,
  userZone: string,
  now: Date,
): Promise<TimingColumns> {
  const fact = await createFactRepository(tx).getById(factId);
  if (fact.eventDate === null) throw badInput(["beforeFact", "factId"], "is a fact without a date; give it an eventDate first, or use at");
  const anchor = { date: fact.eventDate, offset: `-${checkOffset(offset)}`, time };
  const dtstartLocal = anchoredLocal(anchor, yearly ? toLocal(now, zoneOr(input.tz, userZone)) : null);
  const parts: ScheduleParts = yearly ? { kind: "recurring", anniversary: anchor, dtstartLocal } : { kind: "once", dtstartLocal };
  const schedule = check(input, parts, userZone, now);
  const rrule = yearly ? "FREQ=YEARLY" : null;
  return {
    ...columns(input.tz, schedule),
    kind: "fact_relative",
    rrule,
    anchorFactId: fact.id,
    anchorOffset: anchor.offset,
    anchorDate: anchor.date,
  };
}

function checkOffset(offset: string): string {
  try {
    const parsed = Temporal.Duration.from(offset);
    if (parsed.sign >= 0 && parsed.years <= 10) return parsed.toString();
  } catch {
    // Falls through to the one message for everything that is no lead time.
  }
  throw badInput(
    ["beforeFact", "offset"],
    `"${offset}" is not a lead time; write an ISO 8601 duration such as P3D (3 days) or P1W, at most 10 years`,
  );
}

/** The wall clock that lies an offset ("-P3D") from a time of day of a fact's date; of a yearly one its first return from `yearlyFrom` on. */
export function anchoredLocal(anchor: Anniversary, yearlyFrom: string | null): string {
  const local = yearlyFrom === null ? offsetLocal(anchor) : firstReturn(anchor, Temporal.PlainDateTime.from(yearlyFrom));
  return local.toString({ smallestUnit: "second" });
}

/** The columns of how a reminder behaves, as far as they were given. */
export function behaviourColumns(input: ReminderBehaviour): Partial<NewReminder> {
  const { repeatFrom, misfire, misfireGraceSeconds, nag, priority, quiet, channelIds } = input;
  const given = { repeatFrom, misfire, misfireGraceSeconds, nag: nag?.toSorted((a, b) => a - b), priority, quiet, channelIds };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const mostAhead = 100;

/** Throws BAD_REQUEST when alerts reach so far ahead that more than 100 occurrences would be planned at once. */
export function checkLead(rule: ReminderRule, alerts: readonly Pick<ReminderAlert, "offsetSeconds">[], userZone: string, now: Date): void {
  const lead = longestLead(alerts);
  const schedule = scheduleOf(rule, userZone);
  const next = lead === 0 ? null : nextOccurrence(schedule, now);
  if (next === null) return;
  const to = new Date(next.at.getTime() + lead * 1000);
  if (occurrences(schedule, { from: next.at, to, limit: mostAhead + 1 }).length > mostAhead) {
    const message = `reach over more than ${mostAhead} occurrences, which would all wait at once: give a shorter lead time or a rarer rule`;
    throw badInput("alerts", message, mostAhead);
  }
}

export const alertRows = (alerts: ReminderBehaviour["alerts"]): Omit<ReminderAlert, "reminderId">[] =>
  (alerts ?? [])
    .toSorted((a, b) => b.beforeSeconds - a.beforeSeconds)
    .map(({ beforeSeconds, channelIds = [] }, ordinal) => ({ ordinal, offsetSeconds: beforeSeconds, channelIds }));
