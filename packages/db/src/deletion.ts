import { and, eq, inArray, isNotNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import type { UserTransaction } from "./connection/access.ts";
import {
  conversations,
  dialogStates,
  facts,
  idempotencyKeys,
  messages,
  reminderChanges,
  reminderDeliveries,
  reminderOccurrences,
  reminders,
} from "./schema/index.ts";
import { isOneOf } from "./sql-fragments.ts";

/** What a deletion removed, and the reminders that lost the fact they were timed by. Ids only. */
export interface Deletion {
  messageIds: string[];
  factIds: string[];
  cancelledReminderIds: string[];
}

/**
 * Deletes fact versions and everything that hangs on them. A chain closes over the gap: the next version that stays names the last one
 * before it that stays. Active reminders that are timed by one are cancelled; other links of reminders are cleared.
 */
export async function deleteFacts(tx: UserTransaction, ids: readonly string[]): Promise<Omit<Deletion, "messageIds">> {
  if (ids.length === 0) return { factIds: [], cancelledReminderIds: [] };
  const own = and(eq(facts.userId, tx.userId), isOneOf(facts.id, ids));
  // Locked before the chain is read, so that a version which a concurrent update just added is seen.
  await tx.select({ id: facts.id }).from(facts).where(own).orderBy(facts.id).for("update");
  const relinked = await nextVersionsThatStay(tx, ids);
  await tx.update(facts).set({ previousVersionId: null }).where(own);
  if (relinked.length > 0) {
    const links = sql.join(
      relinked.map(({ id, previous }) => sql`when ${id}::uuid then ${previous}::uuid`),
      sql` `,
    );
    await tx
      .update(facts)
      .set({ previousVersionId: sql`case ${facts.id} ${links} end` })
      .where(
        and(
          eq(facts.userId, tx.userId),
          isOneOf(
            facts.id,
            relinked.map(({ id }) => id),
          ),
        ),
      );
  }
  const cancelledReminderIds = await unlinkReminders(tx, ids);
  await forgetMentions(tx, ids);
  const deleted = await tx.delete(facts).where(own).returning({ id: facts.id });
  return { factIds: deleted.map(({ id }) => id), cancelledReminderIds };
}

async function nextVersionsThatStay(tx: UserTransaction, ids: readonly string[]): Promise<{ id: string; previous: string | null }[]> {
  const doomed = sql`(${`{${ids.join(",")}}`}::uuid[])`;
  return tx.execute<{ id: string; previous: string | null }>(sql`
    with recursive walk as (
      select f.id, f.previous_version_id as previous from ${facts} f
      where f.user_id = ${tx.userId} and f.previous_version_id = any${doomed} and f.id <> all${doomed}
      union all
      select w.id, f.previous_version_id from walk w join ${facts} f on f.user_id = ${tx.userId} and f.id = w.previous
      where f.id = any${doomed}
    )
    select id, previous from walk where previous is null or previous <> all${doomed}`);
}

async function unlinkReminders(tx: UserTransaction, factIds: readonly string[]): Promise<string[]> {
  await tx
    .update(reminders)
    .set({ factId: null })
    .where(and(eq(reminders.userId, tx.userId), isOneOf(reminders.factId, factIds)));
  const timed = sql`(${reminders.kind} = 'fact_relative' and ${reminders.status} in ('active', 'paused'))`;
  const changed = await tx
    .update(reminders)
    .set({
      anchorFactId: null,
      anchorDate: null,
      status: sql`case when ${timed} then 'cancelled' else ${reminders.status} end`,
      statusReason: sql`case when ${timed} then 'anchor_fact_deleted' else ${reminders.statusReason} end`,
      nextOccurrenceAt: sql`case when ${timed} then null else ${reminders.nextOccurrenceAt} end`,
      expandFromAt: sql`case when ${timed} then null else ${reminders.expandFromAt} end`,
      nextWakeAt: sql`case when ${timed} then null else ${reminders.nextWakeAt} end`,
      version: sql`${reminders.version} + 1`,
    })
    .where(and(eq(reminders.userId, tx.userId), isOneOf(reminders.anchorFactId, factIds)))
    .returning({ id: reminders.id, status: reminders.status, reason: reminders.statusReason });
  const cancelled = changed.filter((row) => row.status === "cancelled" && row.reason === "anchor_fact_deleted").map(({ id }) => id);
  if (cancelled.length === 0) return cancelled;
  await tx
    .update(reminderOccurrences)
    .set({ status: "cancelled" })
    .where(
      and(
        eq(reminderOccurrences.userId, tx.userId),
        isOneOf(reminderOccurrences.reminderId, cancelled),
        inArray(reminderOccurrences.status, ["upcoming", "due", "snoozed"]),
      ),
    );
  await tx
    .update(reminderDeliveries)
    .set({ status: "cancelled", statusReason: "anchor_fact_deleted", settledAt: sql`now()` })
    .where(
      and(
        eq(reminderDeliveries.userId, tx.userId),
        isOneOf(reminderDeliveries.reminderId, cancelled),
        eq(reminderDeliveries.status, "pending"),
      ),
    );
  return cancelled;
}

/**
 * Deletes messages. The facts that rest on them lose link and quote and stay, unless `withFacts`; reminders lose the link. Evaluations
 * and recorded uses go along.
 */
export async function deleteMessages(tx: UserTransaction, ids: readonly string[], { withFacts = false } = {}): Promise<Deletion> {
  if (ids.length === 0) return { messageIds: [], factIds: [], cancelledReminderIds: [] };
  const resting = and(eq(facts.userId, tx.userId), isOneOf(facts.sourceMessageId, ids));
  let gone: Omit<Deletion, "messageIds"> = { factIds: [], cancelledReminderIds: [] };
  if (withFacts) {
    const rows = await tx.select({ id: facts.id }).from(facts).where(resting);
    gone = await deleteFacts(
      tx,
      rows.map(({ id }) => id),
    );
  } else {
    await tx.update(facts).set({ sourceMessageId: null, sourceQuote: null, sourceStart: null, sourceEnd: null }).where(resting);
  }
  await tx
    .update(reminders)
    .set({ sourceMessageId: null })
    .where(and(eq(reminders.userId, tx.userId), isOneOf(reminders.sourceMessageId, ids)));
  await forgetMentions(tx, ids);
  const deleted = await tx
    .delete(messages)
    .where(and(eq(messages.userId, tx.userId), isOneOf(messages.id, ids)))
    .returning({ id: messages.id, conversationId: messages.conversationId });
  const touched = [...new Set(deleted.flatMap(({ conversationId }) => conversationId ?? []))];
  if (touched.length > 0) {
    const left = alias(messages, "left_over");
    const latest = tx
      .select({ at: sql`max(${left.sentAt})` })
      .from(left)
      .where(and(eq(left.userId, tx.userId), eq(left.conversationId, sql`"conversations"."id"`)));
    await tx
      .update(conversations)
      .set({ lastMessageAt: sql`(${latest})` })
      .where(and(eq(conversations.userId, tx.userId), isOneOf(conversations.id, touched)));
  }
  return { messageIds: deleted.map(({ id }) => id), ...gone };
}

/**
 * What else told of rows that go: a question that is open about one cannot be answered any more, the answers that are kept for retries may
 * hold its text (their keys stay taken), and so may what undo would put back.
 */
export async function forgetMentions(tx: UserTransaction, ids: readonly string[]): Promise<void> {
  const mentioned = sql`exists (select 1 from unnest(${`{${ids.join(",")}}`}::text[]) as gone(id) where position(gone.id in ${dialogStates.context}::text) > 0)`;
  await tx
    .update(dialogStates)
    .set({ state: "idle", context: null, expiresAt: null, version: sql`${dialogStates.version} + 1` })
    .where(and(eq(dialogStates.userId, tx.userId), mentioned));
  await tx
    .update(idempotencyKeys)
    .set({ response: null })
    .where(and(eq(idempotencyKeys.userId, tx.userId), isNotNull(idempotencyKeys.response)));
  await tx
    .update(reminderChanges)
    .set({ before: null })
    .where(and(eq(reminderChanges.userId, tx.userId), isNotNull(reminderChanges.before)));
}
