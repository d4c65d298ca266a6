import {
  attemptOutcomes,
  deliveryStatuses,
  gapPolicies,
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
import { sql } from "drizzle-orm";
import { type AnyPgColumn, check, date, index, integer, jsonb, text, unique, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { claimPolicy, columnTypes, updatedAt } from "./base.ts";
import { channels } from "./channels.ts";
import { entities } from "./entities.ts";
import { facts } from "./facts.ts";
import { messages } from "./messages.ts";
import { tenantReference, tenantTable } from "./tenant-table.ts";

/** For links that most rows lack: only those that have one are in the index, and so a change of the others costs nothing. */
const linkIndex = (name: string, userId: AnyPgColumn, link: AnyPgColumn) =>
  index(name)
    .on(userId, link)
    .where(sql`${sql.identifier(link.name)} is not null`);

/**
 * What to be reminded of, and the rule by which it comes due. The rule is kept as wall-clock time plus zone; `next_occurrence_at` is the
 * instant that follows from it, `next_wake_at` when the worker has to look at the row again.
 */
export const reminders = tenantTable(
  "reminders",
  {
    updatedAt: updatedAt(),
    title: text("title").notNull(),
    notes: text("notes"),
    kind: columnTypes.enumeration("kind", reminderKinds).notNull(),
    dtstartLocal: columnTypes.local("dtstart_local").notNull(),
    /** IANA zone; null floats with the user's zone. */
    tz: text("tz"),
    rrule: text("rrule"),
    rdatesLocal: text("rdates_local")
      .array()
      .notNull()
      .default(sql`'{}'::text[]`),
    exdatesLocal: text("exdates_local")
      .array()
      .notNull()
      .default(sql`'{}'::text[]`),
    untilAt: columnTypes.instant("until_at"),
    countTotal: integer("count_total"),
    firedCount: integer("fired_count").notNull().default(0),
    intervalSeconds: integer("interval_seconds"),
    repeatFrom: columnTypes.enumeration("repeat_from", repeatFroms).notNull().default("schedule"),
    anchorFactId: columnTypes.reference("anchor_fact_id"),
    /** ISO 8601 duration from the fact's date, negative for before: "-P3D". */
    anchorOffset: text("anchor_offset"),
    /** The fact's date as the rule was made from it. */
    anchorDate: date("anchor_date", { mode: "string" }),
    gapPolicy: columnTypes.enumeration("gap_policy", gapPolicies).notNull().default("shift"),
    overlapPolicy: columnTypes.enumeration("overlap_policy", overlapPolicies).notNull().default("first"),
    misfire: columnTypes.enumeration("misfire", misfirePolicies).notNull().default("latest"),
    misfireGraceSeconds: integer("misfire_grace_seconds").notNull().default(86_400),
    /** Seconds after firing at which to ask again until acknowledged. */
    nag: integer("nag")
      .array()
      .notNull()
      .default(sql`'{}'::integer[]`),
    priority: columnTypes.enumeration("priority", reminderPriorities).notNull().default("normal"),
    quiet: columnTypes.enumeration("quiet", quietPolicies).notNull().default("respect"),
    status: columnTypes.enumeration("status", reminderStatuses).notNull().default("active"),
    statusReason: text("status_reason"),
    nextOccurrenceAt: columnTypes.instant("next_occurrence_at"),
    /** The first occurrence that is not a row of reminder_occurrences yet; null when there is none. */
    expandFromAt: columnTypes.instant("expand_from_at"),
    nextWakeAt: columnTypes.instant("next_wake_at"),
    version: columnTypes.version(),
    dedupeKey: text("dedupe_key"),
    /** Channels to use; empty means every enabled channel of the user. */
    channelIds: uuid("channel_ids")
      .array()
      .notNull()
      .default(sql`'{}'::uuid[]`),
    sourceMessageId: columnTypes.reference("source_message_id"),
    entityId: columnTypes.reference("entity_id"),
    factId: columnTypes.reference("fact_id"),
    tzdataVersion: text("tzdata_version"),
  },
  (table) => [
    tenantReference("reminders_anchor_fact_fk", table.userId, table.anchorFactId, () => facts, "no action"),
    tenantReference("reminders_source_message_fk", table.userId, table.sourceMessageId, () => messages, "no action"),
    tenantReference("reminders_entity_fk", table.userId, table.entityId, () => entities, "no action"),
    tenantReference("reminders_fact_fk", table.userId, table.factId, () => facts, "no action"),
    uniqueIndex("reminders_dedupe_key_unique")
      .on(table.userId, table.dedupeKey)
      .where(sql`status in ('active', 'paused')`),
    index("reminders_next_wake_at_index")
      .on(table.nextWakeAt)
      .where(sql`status = 'active'`),
    index("reminders_user_wake_index")
      .on(table.userId, table.nextWakeAt)
      .where(sql`status = 'active'`),
    index("reminders_list_index").on(table.userId, table.status, table.nextOccurrenceAt, table.id),
    linkIndex("reminders_anchor_fact_index", table.userId, table.anchorFactId),
    linkIndex("reminders_source_message_index", table.userId, table.sourceMessageId),
    linkIndex("reminders_entity_index", table.userId, table.entityId),
    linkIndex("reminders_fact_index", table.userId, table.factId),
    check(
      "reminders_rule_check",
      sql.raw(`case kind
        when 'recurring' then rrule is not null or cardinality(rdates_local) > 0
        when 'interval' then interval_seconds >= 60
        when 'fact_relative' then anchor_offset is not null and (anchor_fact_id is not null or status not in ('active', 'paused'))
        else rrule is null and interval_seconds is null end`),
    ),
    check("reminders_count_check", sql`(${table.countTotal} is null or ${table.countTotal} >= 1) and ${table.firedCount} >= 0`),
    claimPolicy(),
  ],
);

/** Lead times of a reminder: ten minutes before and at the time, say. Ordinal 0 is the first. */
export const reminderAlerts = tenantTable(
  "reminder_alerts",
  {
    reminderId: columnTypes.reference("reminder_id").notNull(),
    ordinal: integer("ordinal").notNull(),
    /** Seconds before the occurrence. */
    offsetSeconds: integer("offset_seconds").notNull().default(0),
    channelIds: uuid("channel_ids")
      .array()
      .notNull()
      .default(sql`'{}'::uuid[]`),
  },
  (table) => [
    tenantReference("reminder_alerts_reminder_fk", table.userId, table.reminderId, () => reminders, "cascade"),
    unique("reminder_alerts_ordinal_unique").on(table.userId, table.reminderId, table.ordinal),
    check("reminder_alerts_offset_check", sql`${table.offsetSeconds} >= 0`),
  ],
);

/** One time at which a reminder is due; a reminder has many, each instant once. */
export const reminderOccurrences = tenantTable(
  "reminder_occurrences",
  {
    updatedAt: updatedAt(),
    reminderId: columnTypes.reference("reminder_id").notNull(),
    occurrenceAt: columnTypes.instant("occurrence_at").notNull(),
    status: columnTypes.enumeration("status", occurrenceStatuses).notNull().default("upcoming"),
    shiftedBySeconds: integer("shifted_by_seconds").notNull().default(0),
    /** Earlier occurrences that downtime swallowed and this one stands for. */
    missedBefore: integer("missed_before").notNull().default(0),
    snoozedUntil: columnTypes.instant("snoozed_until"),
    firedAt: columnTypes.instant("fired_at"),
    acknowledgedAt: columnTypes.instant("acknowledged_at"),
    /** Edited alone (RFC 5545's RECURRENCE-ID): the wall clock that the rule gave it, and what it has instead; null: as the reminder says. */
    recurrenceLocal: columnTypes.local("recurrence_local"),
    movedToLocal: columnTypes.local("moved_to_local"),
    movedToAt: columnTypes.instant("moved_to_at"),
    title: text("title"),
    notes: text("notes"),
  },
  (table) => [
    tenantReference("reminder_occurrences_reminder_fk", table.userId, table.reminderId, () => reminders, "cascade"),
    unique("reminder_occurrences_at_unique").on(table.userId, table.reminderId, table.occurrenceAt),
    index("reminder_occurrences_list_index").on(table.userId, table.occurrenceAt, table.id),
    index("reminder_occurrences_moved_index")
      .on(table.userId, table.reminderId)
      .where(sql`moved_to_at is not null`),
    check("reminder_occurrences_moved_check", sql`(${table.movedToLocal} is null) = (${table.movedToAt} is null)`),
    claimPolicy(),
  ],
);

/** What was done with a reminder, newest last by id. `before` is what the last change replaced, for undo; it is text of the user's. */
export const reminderChanges = tenantTable(
  "reminder_changes",
  {
    reminderId: columnTypes.reference("reminder_id").notNull(),
    occurrenceId: columnTypes.reference("occurrence_id"),
    action: columnTypes.enumeration("action", reminderActions).notNull(),
    /** The reminder's version after it: undo needs it to be the present one. */
    reminderVersion: integer("reminder_version").notNull(),
    changedAt: columnTypes.instant("changed_at").notNull(),
    undoneAt: columnTypes.instant("undone_at"),
    before: jsonb("before").$type<Record<string, unknown>>(),
  },
  (table) => [
    tenantReference("reminder_changes_reminder_fk", table.userId, table.reminderId, () => reminders, "cascade"),
    tenantReference("reminder_changes_occurrence_fk", table.userId, table.occurrenceId, () => reminderOccurrences, "cascade"),
    index("reminder_changes_reminder_index").on(table.userId, table.reminderId, table.id),
    index("reminder_changes_occurrence_index").on(table.userId, table.occurrenceId),
  ],
);

/** The outbox: one row for each thing to send. `step` says which: alert:600 (seconds before), nag:1, snooze:WHEN, digest:2026-11-21, test:ID; with @WHEN when moved. */
export const reminderDeliveries = tenantTable(
  "reminder_deliveries",
  {
    updatedAt: updatedAt(),
    reminderId: columnTypes.reference("reminder_id"),
    occurrenceId: columnTypes.reference("occurrence_id"),
    channelId: columnTypes.reference("channel_id").notNull(),
    step: text("step").notNull(),
    status: columnTypes.enumeration("status", deliveryStatuses).notNull().default("pending"),
    priority: columnTypes.enumeration("priority", reminderPriorities).notNull().default("normal"),
    attempts: integer("attempts").notNull().default(0),
    claims: integer("claims").notNull().default(0),
    dueAt: columnTypes.instant("due_at").notNull(),
    nextAttemptAt: columnTypes.instant("next_attempt_at").notNull(),
    expiresAt: columnTypes.instant("expires_at").notNull(),
    /** While sending equal to `next_attempt_at`: a lease that ran out is due again. */
    leaseUntil: columnTypes.instant("lease_until"),
    leaseToken: uuid("lease_token"),
    leaseOwner: uuid("lease_owner"),
    /** When the last send was allowed to start and has not been settled: set on a row that waits, its outcome is unknown. */
    begunAt: columnTypes.instant("begun_at"),
    reminderVersion: integer("reminder_version"),
    payload: jsonb("payload").$type<Record<string, unknown>>().notNull().default({}),
    settledAt: columnTypes.instant("settled_at"),
    readAt: columnTypes.instant("read_at"),
    statusReason: text("status_reason"),
  },
  (table) => [
    tenantReference("reminder_deliveries_reminder_fk", table.userId, table.reminderId, () => reminders, "cascade"),
    tenantReference("reminder_deliveries_occurrence_fk", table.userId, table.occurrenceId, () => reminderOccurrences, "cascade"),
    tenantReference("reminder_deliveries_channel_fk", table.userId, table.channelId, () => channels, "cascade"),
    unique("reminder_deliveries_step_unique").on(table.userId, table.occurrenceId, table.step, table.channelId).nullsNotDistinct(),
    index("reminder_deliveries_open_index")
      .on(table.nextAttemptAt)
      .where(sql`settled_at is null`),
    index("reminder_deliveries_claim_index")
      .on(table.priority, table.userId, table.nextAttemptAt)
      .where(sql`settled_at is null`),
    index("reminder_deliveries_given_up_index")
      .on(table.id)
      .where(sql`status in ('failed', 'dead', 'unknown')`),
    index("reminder_deliveries_reminder_index").on(table.userId, table.reminderId),
    index("reminder_deliveries_channel_index").on(table.userId, table.channelId, table.id),
    check("reminder_deliveries_lease_check", sql`(${table.status} = 'sending') = (${table.leaseToken} is not null)`),
    check("reminder_deliveries_settled_check", sql`(${table.status} in ('pending', 'sending')) = (${table.settledAt} is null)`),
    claimPolicy(),
  ],
);

/** What happened when a delivery was tried; append-only. Holds no text of the reminder. */
export const reminderAttempts = tenantTable(
  "reminder_attempts",
  {
    deliveryId: columnTypes.reference("delivery_id").notNull(),
    attempt: integer("attempt").notNull(),
    outcome: columnTypes.enumeration("outcome", attemptOutcomes).notNull(),
    startedAt: columnTypes.instant("started_at"),
    finishedAt: columnTypes.instant("finished_at").notNull().defaultNow(),
    httpStatus: integer("http_status"),
    error: text("error"),
    worker: uuid("worker"),
  },
  (table) => [
    tenantReference("reminder_attempts_delivery_fk", table.userId, table.deliveryId, () => reminderDeliveries, "cascade"),
    index("reminder_attempts_delivery_index").on(table.userId, table.deliveryId),
  ],
);
