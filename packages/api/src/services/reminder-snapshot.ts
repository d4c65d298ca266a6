import {
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  type Reminder,
  type ReminderOccurrence,
  selectReminderOccurrenceSchema,
  selectReminderSchema,
  type UserTransaction,
} from "@mema/db";
import { z } from "zod";
import { presentTzdata } from "./reminder-plan.ts";
import type { UserNow } from "./reminder-view.ts";

const keptReminder = selectReminderSchema
  .pick({
    title: true,
    notes: true,
    kind: true,
    dtstartLocal: true,
    tz: true,
    rrule: true,
    rdatesLocal: true,
    exdatesLocal: true,
    untilAt: true,
    countTotal: true,
    intervalSeconds: true,
    repeatFrom: true,
    anchorFactId: true,
    anchorOffset: true,
    anchorDate: true,
    gapPolicy: true,
    overlapPolicy: true,
    misfire: true,
    misfireGraceSeconds: true,
    nag: true,
    priority: true,
    quiet: true,
    channelIds: true,
    status: true,
    statusReason: true,
    nextOccurrenceAt: true,
    expandFromAt: true,
    nextWakeAt: true,
    firedCount: true,
  })
  // What was kept by an earlier version has none.
  .partial({ firedCount: true });

const keptOccurrence = selectReminderOccurrenceSchema.pick({
  id: true,
  status: true,
  snoozedUntil: true,
  acknowledgedAt: true,
  shiftedBySeconds: true,
  recurrenceLocal: true,
  movedToLocal: true,
  movedToAt: true,
  title: true,
  notes: true,
});

const stored = z.object({
  /** Instants are put back only where they still follow from the rule. */
  zone: z.string(),
  tzdata: z.string(),
  reminder: keptReminder,
  alerts: z.array(z.object({ ordinal: z.number(), offsetSeconds: z.number(), channelIds: z.array(z.string()) })),
  occurrences: z.array(keptOccurrence),
  /** Deliveries that waited or were being sent. */
  open: z.array(z.string()),
  /** Deliveries that went out at this very moment: they are not newer than the change. */
  sent: z.array(z.string()),
});

/** A reminder before a change, with everything that waited for it, as JSON: instants are ISO strings. */
export type Snapshot = z.infer<typeof stored>;

/** What undo has to put back of a reminder as it is now; what is sent until then is no part of it. */
export async function takeSnapshot(tx: UserTransaction, reminder: Reminder, { now, userZone }: UserNow): Promise<Snapshot> {
  const deliveries = createDeliveryRepository(tx);
  const [alerts, waiting, ahead, open, sent] = await Promise.all([
    createReminderRepository(tx).alerts([reminder.id]),
    createOccurrenceRepository(tx).inStates(reminder.id, ["upcoming", "due", "snoozed"]),
    createOccurrenceRepository(tx).ahead([reminder.id], now),
    deliveries.listOpen({ reminderIds: [reminder.id] }),
    deliveries.sentSince(reminder.id, now),
  ]);
  const answeredAhead = ahead.filter(({ status }) => status !== "cancelled");
  const occurrences = new Map([...waiting, ...answeredAhead].map((occurrence) => [occurrence.id, occurrence]));
  return {
    zone: reminder.tz ?? userZone,
    tzdata: presentTzdata(),
    reminder: keptReminder.parse(reminder),
    alerts: alerts.map(({ ordinal, offsetSeconds, channelIds }) => ({ ordinal, offsetSeconds, channelIds })),
    occurrences: [...occurrences.values()].map((occurrence) => keptOccurrence.parse(occurrence)),
    open: open.map(({ id }) => id),
    sent,
  };
}

/** The snapshot, with an occurrence that is answered or fired already. */
export function keepAlso(snapshot: Snapshot, occurrence: ReminderOccurrence): Snapshot {
  if (snapshot.occurrences.some(({ id }) => id === occurrence.id)) return snapshot;
  return { ...snapshot, occurrences: [...snapshot.occurrences, keptOccurrence.parse(occurrence)] };
}

/** The snapshot as rows have it. */
export function readSnapshot(json: Record<string, unknown>) {
  const { reminder, occurrences, ...rest } = stored.parse(json);
  return {
    ...rest,
    reminder: {
      ...reminder,
      untilAt: instant(reminder.untilAt),
      nextOccurrenceAt: instant(reminder.nextOccurrenceAt),
      expandFromAt: instant(reminder.expandFromAt),
      nextWakeAt: instant(reminder.nextWakeAt),
    },
    occurrences: occurrences.map((occurrence) => ({
      ...occurrence,
      snoozedUntil: instant(occurrence.snoozedUntil),
      acknowledgedAt: instant(occurrence.acknowledgedAt),
      movedToAt: instant(occurrence.movedToAt),
    })),
  };
}

const instant = (iso: string | null): Date | null => (iso === null ? null : new Date(iso));
