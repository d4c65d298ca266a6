import {
  createDeliveryRepository,
  createOccurrenceRepository,
  createReminderRepository,
  databaseClock,
  readClock,
  type ReminderDelivery,
} from "@mema/db";
import {
  AppError,
  deliveryStatuses,
  idInput,
  instantInput,
  localeInput,
  MAX_REMINDER_CHARS,
  pageInput,
  plainText,
  reminderActions,
  reminderStatuses,
  textLimits,
  versionInput,
} from "@mema/shared";
import { z } from "zod";
import { pageOutput } from "../outputs.ts";
import {
  attemptOutput,
  changeOutput,
  deliveryOutput,
  momentOutput,
  occurrenceOutput,
  reminderOutput,
  textReminderOutput,
} from "../reminder-outputs.ts";
import { replayDelivery } from "../services/dead-letters.ts";
import { previewInput, reminderChangesInput, reminderInput, timing } from "../services/reminder-definition.ts";
import {
  acknowledgeReminder,
  cancelReminder,
  completeReminder,
  pauseReminder,
  skipOccurrence,
  snoozePresets,
  snoozeReminder,
} from "../services/reminder-life.ts";
import { reopenReminder, resumeReminder } from "../services/reminder-reopen.ts";
import { updateOccurrence } from "../services/reminder-occurrences.ts";
import { readReminderText } from "../services/reminder-text.ts";
import { listChanges, undoLastChange } from "../services/reminder-undo.ts";
import { userNow, viewReminder, viewReminders } from "../services/reminder-view.ts";
import { createReminder, previewReminder, updateReminder } from "../services/reminders.ts";
import { router, userProcedure } from "../trpc.ts";

const one = { id: idInput };
const life = z.strictObject({ ...one, occurrenceId: idInput.optional(), version: versionInput.optional() });
const whole = z.strictObject({ ...one, version: versionInput.optional() });

const viewDelivery = (delivery: ReminderDelivery) => ({
  ...delivery,
  ambiguous: delivery.status === "unknown" || (delivery.status === "pending" && delivery.begunAt !== null),
});

export const remindersRouter = router({
  /** One of `in`, `at`, `rrule` (with dtstartLocal), `every`, `beforeFact`. The answer says when, in words, and the next three times. */
  create: userProcedure
    .input(reminderInput)
    .output(reminderOutput.extend({ deduplicated: z.boolean() }))
    .mutation(async ({ ctx, input }) => {
      const reminder = await createReminder(ctx.tx, input);
      if (!reminder.deduplicated) ctx.record("reminder.created", { reminderId: reminder.id });
      return reminder;
    }),

  /** When a definition would fire, without saving it. */
  preview: userProcedure
    .input(previewInput)
    .output(z.object({ tz: z.string(), occurrences: z.array(momentOutput) }))
    .query(({ ctx, input }) => previewReminder(ctx.tx, input)),

  /** What a text in plain English means, as fields for `create`; nothing is saved. Refuses to guess: `question` says what is open. */
  parse: userProcedure
    .input(
      z.strictObject({
        text: plainText(MAX_REMINDER_CHARS),
        timezone: z.string().max(64).optional(),
        locale: localeInput.optional(),
      }),
    )
    .output(textReminderOutput)
    .query(({ ctx, input }) => readReminderText(ctx.tx, input)),

  byId: userProcedure
    .input(z.strictObject(one))
    .output(reminderOutput)
    .query(async ({ ctx, input }) => viewReminder(ctx.tx, input.id, await userNow(ctx.tx, databaseClock))),

  /** `view`: due (fired or due, not answered), upcoming (the soonest first), missed. */
  list: userProcedure
    .input(
      z
        .strictObject({
          ...pageInput,
          view: z.enum(["due", "upcoming", "missed"]).optional(),
          status: z.enum(reminderStatuses).optional(),
          entityId: idInput.optional(),
          factId: idInput.optional(),
        })
        .prefault({}),
    )
    .output(pageOutput(reminderOutput))
    .query(async ({ ctx, input: { cursor, limit, ...filters } }) => {
      const { now, userZone } = await userNow(ctx.tx, databaseClock);
      const page = await createReminderRepository(ctx.tx).list({ filters, cursor, limit });
      return { items: await viewReminders(ctx.tx, page.items, userZone, now), nextCursor: page.nextCursor };
    }),

  /** Its occurrences, the newest first: fired, missed, skipped, snoozed. */
  history: userProcedure
    .input(z.strictObject({ ...one, ...pageInput }))
    .output(pageOutput(occurrenceOutput))
    .query(async ({ ctx, input: { id, cursor, limit } }) => {
      await createReminderRepository(ctx.tx).getById(id);
      return createOccurrenceRepository(ctx.tx).list({ filters: { reminderId: id }, cursor, limit });
    }),

  /** What was done with it, the newest first, and what of it can be undone. */
  changes: userProcedure
    .input(z.strictObject({ ...one, ...pageInput }))
    .output(pageOutput(changeOutput))
    .query(({ ctx, input }) => listChanges(ctx.tx, input)),

  /** What was or will be sent, the newest first. Those whose outcome is not known are `unknown` or `ambiguous`. */
  deliveries: userProcedure
    .input(
      z
        .strictObject({
          ...pageInput,
          reminderId: idInput.optional(),
          occurrenceId: idInput.optional(),
          channelId: idInput.optional(),
          status: z.enum(deliveryStatuses).optional(),
          unread: z.boolean().optional(),
        })
        .prefault({}),
    )
    .output(pageOutput(deliveryOutput))
    .query(async ({ ctx, input: { cursor, limit, ...filters } }) => {
      const page = await createDeliveryRepository(ctx.tx).list({ filters, cursor, limit });
      return { items: page.items.map(viewDelivery), nextCursor: page.nextCursor };
    }),

  /** Every attempt of a delivery, in order. */
  attempts: userProcedure
    .input(z.strictObject({ deliveryId: idInput }))
    .output(z.object({ items: z.array(attemptOutput), nextCursor: z.null() }))
    .query(async ({ ctx, input }) => {
      const repository = createDeliveryRepository(ctx.tx);
      await repository.getById(input.deliveryId);
      return { items: await repository.attempts(input.deliveryId), nextCursor: null };
    }),

  /** Changes the reminder from now on; a new time replaces the old one. The version must be the current one. */
  update: userProcedure
    .input(reminderChangesInput.extend({ ...one, version: versionInput }))
    .output(reminderOutput)
    .mutation(async ({ ctx, input: { id, version, ...changes } }) => {
      const reminder = await updateReminder(ctx.tx, id, version, changes);
      ctx.record("reminder.updated", { reminderId: id });
      return reminder;
    }),

  /**
   * Edits one occurrence and leaves the rule as it is: another time, title or notes for this once; null takes an edit back. Names it by
   * the `occurrenceAt` of one of the reminder's `upcoming`; the next one when not given.
   */
  updateOccurrence: userProcedure
    .input(
      z.strictObject({
        ...one,
        version: versionInput,
        occurrenceAt: instantInput.optional(),
        at: z
          .strictObject({ local: z.string().max(32), tz: z.string().max(64).optional() })
          .nullable()
          .optional(),
        title: plainText(textLimits.title).nullable().optional(),
        notes: plainText(textLimits.notes).nullable().optional(),
      }),
    )
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await updateOccurrence(ctx.tx, input);
      ctx.record("reminder.occurrence_updated", { reminderId: input.id });
      return reminder;
    }),

  /**
   * Takes the last change back: edit, snooze, completion, skip, pause, cancel and the rest. For 7 days, as long as nothing newer happened;
   * a change or a sending since is a conflict.
   */
  undo: userProcedure
    .input(whole)
    .output(z.object({ reminder: reminderOutput, undone: z.enum(reminderActions) }))
    .mutation(async ({ ctx, input }) => {
      const result = await undoLastChange(ctx.tx, input);
      ctx.record("reminder.undone", { reminderId: input.id, action: result.undone });
      return result;
    }),

  /** One of `for` (ISO 8601 duration), `until` (wall clock), `preset` or `text` ("until Monday"). The schedule stays as it is. */
  snooze: userProcedure
    .input(
      life.extend({
        for: z.string().max(64).optional(),
        until: z.strictObject({ local: z.string().max(32), tz: z.string().max(64).optional() }).optional(),
        preset: z.enum(snoozePresets).optional(),
        text: plainText(MAX_REMINDER_CHARS).optional(),
      }),
    )
    .output(reminderOutput)
    .mutation(async ({ ctx, input: { for: duration, until, preset, text, ...target } }) => {
      const given = [
        duration === undefined ? [] : { for: duration },
        until === undefined ? [] : { until },
        preset === undefined ? [] : { preset },
        text === undefined ? [] : { text },
      ].flat();
      const [length] = given;
      if (length === undefined || given.length > 1) throw new AppError("BAD_REQUEST", "Give exactly one of for, until, preset and text.");
      const reminder = await snoozeReminder(ctx.tx, target, length);
      ctx.record("reminder.snoozed", { reminderId: target.id });
      return reminder;
    }),

  complete: userProcedure
    .input(life)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await completeReminder(ctx.tx, input);
      ctx.record("reminder.completed", { reminderId: input.id });
      return reminder;
    }),

  /** Seen: nothing more of this occurrence is sent. */
  acknowledge: userProcedure
    .input(life)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await acknowledgeReminder(ctx.tx, input);
      ctx.record("reminder.acknowledged", { reminderId: input.id });
      return reminder;
    }),

  /** Leaves out the next occurrence, or the one that is named. */
  skip: userProcedure
    .input(life)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await skipOccurrence(ctx.tx, input);
      ctx.record("reminder.skipped", { reminderId: input.id });
      return reminder;
    }),

  cancel: userProcedure
    .input(whole)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await cancelReminder(ctx.tx, input);
      ctx.record("reminder.cancelled", { reminderId: input.id });
      return reminder;
    }),

  pause: userProcedure
    .input(whole)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await pauseReminder(ctx.tx, input);
      ctx.record("reminder.paused", { reminderId: input.id });
      return reminder;
    }),

  /** Goes on after a pause, or takes an ended reminder up again. */
  resume: userProcedure
    .input(whole)
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await resumeReminder(ctx.tx, input);
      ctx.record("reminder.resumed", { reminderId: input.id });
      return reminder;
    }),

  /** Takes an ended reminder up again: at a new time (as in `create`), or by its rule when none is given. The rest of it stays. */
  reopen: userProcedure
    .input(whole.extend(timing))
    .output(reminderOutput)
    .mutation(async ({ ctx, input }) => {
      const reminder = await reopenReminder(ctx.tx, input);
      ctx.record("reminder.reopened", { reminderId: input.id });
      return reminder;
    }),

  /** Removes the reminder with its history, for good. */
  delete: userProcedure
    .input(z.strictObject(one))
    .output(z.object({ id: idInput }))
    .mutation(async ({ ctx, input }) => {
      await createReminderRepository(ctx.tx).delete(input.id);
      ctx.record("reminder.deleted", { reminderId: input.id });
      return { id: input.id };
    }),

  /** Sends a failed, dead or unknown delivery again, for another day. */
  replay: userProcedure
    .input(z.strictObject({ deliveryId: idInput }))
    .output(deliveryOutput)
    .mutation(async ({ ctx, input }) => {
      const delivery = await replayDelivery(ctx.tx, input.deliveryId);
      ctx.record("reminder.delivery_replayed", { deliveryId: input.deliveryId });
      return viewDelivery(delivery);
    }),

  /** Marks what lies in the inbox as read. */
  markRead: userProcedure
    .input(z.strictObject({ deliveryIds: z.array(idInput).min(1).max(100, "at most 100 at once") }))
    .output(z.object({ marked: z.number() }))
    .mutation(async ({ ctx, input }) => {
      const deliveryIds = await createDeliveryRepository(ctx.tx).markRead(input.deliveryIds, await readClock(ctx.tx, databaseClock));
      if (deliveryIds.length > 0) ctx.record("reminder.read", { deliveryIds });
      return { marked: deliveryIds.length };
    }),
});
