import {
  attemptOutcomes,
  channelTypes,
  deliveryStatuses,
  gapPolicies,
  isoInstant,
  misfirePolicies,
  occurrenceStatuses,
  overlapPolicies,
  quietPolicies,
  reminderActions,
  reminderKinds,
  reminderPriorities,
  reminderStatuses,
  repeatFroms,
} from "@mema/shared";
import { z } from "zod";

const id = z.uuid();
const instant = isoInstant;

/** A moment in words: the instant, the wall clock in its zone, the distance from now, and how far a clock change moved it. */
export const momentOutput = z.object({
  at: instant,
  local: z.string(),
  tz: z.string(),
  relative: z.string(),
  sentence: z.string(),
  shiftedBySeconds: z.number(),
});

/** A coming occurrence. `occurrenceAt` is the instant that the rule gives it, by which it is edited alone; `title` its own, if it has one. */
const upcomingOutput = momentOutput.extend({ occurrenceAt: instant, title: z.string().nullable() });

export const reminderOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  title: z.string(),
  notes: z.string().nullable(),
  kind: z.enum(reminderKinds),
  status: z.enum(reminderStatuses),
  statusReason: z.string().nullable(),
  dtstartLocal: z.string(),
  tz: z.string().nullable(),
  rrule: z.string().nullable(),
  rdatesLocal: z.array(z.string()),
  exdatesLocal: z.array(z.string()),
  untilAt: instant.nullable(),
  countTotal: z.number().nullable(),
  firedCount: z.number(),
  intervalSeconds: z.number().nullable(),
  repeatFrom: z.enum(repeatFroms),
  anchorFactId: id.nullable(),
  anchorOffset: z.string().nullable(),
  gapPolicy: z.enum(gapPolicies),
  overlapPolicy: z.enum(overlapPolicies),
  misfire: z.enum(misfirePolicies),
  misfireGraceSeconds: z.number(),
  nag: z.array(z.number()),
  alerts: z.array(z.object({ beforeSeconds: z.number(), channelIds: z.array(id) })),
  priority: z.enum(reminderPriorities),
  quiet: z.enum(quietPolicies),
  channelIds: z.array(id),
  dedupeKey: z.string().nullable(),
  sourceMessageId: id.nullable(),
  entityId: id.nullable(),
  factId: id.nullable(),
  version: z.number(),
  next: upcomingOutput.nullable(),
  upcoming: z.array(upcomingOutput),
});

export const occurrenceOutput = z.object({
  id,
  reminderId: id,
  occurrenceAt: instant,
  status: z.enum(occurrenceStatuses),
  shiftedBySeconds: z.number(),
  missedBefore: z.number(),
  snoozedUntil: instant.nullable(),
  firedAt: instant.nullable(),
  acknowledgedAt: instant.nullable(),
  /** What it has instead of what its reminder says; null: as the reminder has it. */
  movedToAt: instant.nullable(),
  title: z.string().nullable(),
  notes: z.string().nullable(),
});

/** What was done with a reminder. `undoableUntil`: until then undo takes it back, if nothing newer happens; null: it cannot be undone. */
export const changeOutput = z.object({
  id,
  action: z.enum(reminderActions),
  occurrenceId: id.nullable(),
  changedAt: instant,
  undoneAt: instant.nullable(),
  undoableUntil: instant.nullable(),
});

/** `ambiguous`: a send was begun and its end is not known (yet). */
export const deliveryOutput = z.object({
  id,
  createdAt: instant,
  reminderId: id.nullable(),
  occurrenceId: id.nullable(),
  channelId: id,
  step: z.string(),
  status: z.enum(deliveryStatuses),
  statusReason: z.string().nullable(),
  priority: z.enum(reminderPriorities),
  attempts: z.number(),
  dueAt: instant,
  nextAttemptAt: instant,
  expiresAt: instant,
  settledAt: instant.nullable(),
  readAt: instant.nullable(),
  ambiguous: z.boolean(),
});

export const attemptOutput = z.object({
  id,
  deliveryId: id,
  attempt: z.number(),
  outcome: z.enum(attemptOutcomes),
  startedAt: instant.nullable(),
  finishedAt: instant,
  httpStatus: z.number().nullable(),
  error: z.string().nullable(),
});

export const channelOutput = z.object({
  id,
  createdAt: instant,
  updatedAt: instant,
  type: z.enum(channelTypes),
  name: z.string(),
  config: z.record(z.string(), z.unknown()),
  verifiedAt: instant.nullable(),
  /** A code was mailed to the address and can be entered until then. */
  codeExpiresAt: instant.nullable(),
  disabledAt: instant.nullable(),
  disabledReason: z.string().nullable(),
  version: z.number(),
  /** Null for channels that cannot fail. An open circuit: what is due waits, and at `nextTryAt` one send tries whether it works again. */
  health: z
    .object({
      lastSuccessAt: instant.nullable(),
      lastFailureAt: instant.nullable(),
      lastFailure: z.string().nullable(),
      failuresInRow: z.number(),
      circuit: z.enum(["closed", "open"]),
      nextTryAt: instant.nullable(),
    })
    .nullable(),
});

/** The fields of `reminders.create` that a text stands for, and when it would fire. */
const textReadingOutput = z.object({
  timing: z.object({
    at: z.object({ local: z.string(), tz: z.string().optional() }).optional(),
    rrule: z.string().optional(),
    every: z.object({ seconds: z.number() }).optional(),
    dtstartLocal: z.string().optional(),
    tz: z.string().optional(),
    countTotal: z.number().optional(),
    untilAt: instant.optional(),
    overlapPolicy: z.enum(overlapPolicies).optional(),
  }),
  assumedTime: z.boolean(),
  occurrences: z.array(momentOutput),
});

export const textReminderOutput = z.object({
  understood: textReadingOutput.extend({ title: z.string() }).nullable(),
  /** The words it rests on (UTF-16 offsets), and those that were not understood. */
  span: z.object({ start: z.number(), end: z.number(), text: z.string() }).nullable(),
  leftOver: z.string(),
  alternatives: z.array(textReadingOutput),
  question: z.string().nullable(),
  relative: z.object({ offset: z.string(), anchor: z.string().nullable() }).nullable(),
});
