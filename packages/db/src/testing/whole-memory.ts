import type { UserTransaction } from "../connection/access.ts";
import { createAuditLogRepository } from "../audit-log.repository.ts";
import { createConversationRepository } from "../conversations.repository.ts";
import { createDialogStateRepository } from "../dialog-states.repository.ts";
import { createEntityRepository } from "../entities.repository.ts";
import { createEvaluationRepository } from "../evaluations.repository.ts";
import { createEventRepository } from "../events.repository.ts";
import { createFactRepository } from "../facts.repository.ts";
import { createIdempotencyKeyRepository } from "../idempotency-keys.repository.ts";
import { createInterestRepository } from "../interests.repository.ts";
import { createMessageRepository } from "../messages.repository.ts";
import { createRecallEmbeddingRepository } from "../recall-embeddings.repository.ts";
import {
  channels,
  reminderAlerts,
  reminderAttempts,
  reminderChanges,
  reminderDeliveries,
  reminderOccurrences,
  reminders,
} from "../schema/index.ts";
import {
  createApiKeyRepository,
  createInviteRepository,
  createSessionRepository,
  createUserAuthRepository,
} from "../sign-in.repository.ts";
import { createTokenUsageRepository } from "../token-usages.repository.ts";

const at = new Date("2025-01-01T12:00:00Z");

/** Gives a user who is there already at least one row in every tenant table, linked as rows are in use. */
export async function fillWholeMemory(
  tx: UserTransaction,
): Promise<{ messageId: string; conversationId: string; factId: string; entityId: string }> {
  await createUserAuthRepository(tx).link({ provider: "oidc", externalId: tx.userId });
  await createSessionRepository(tx).create({ expiresAt: null });
  await createApiKeyRepository(tx).create({ name: "cli", scopes: ["read"] });
  await createInviteRepository(tx).create({ expiresAt: null });
  const conversation = await createConversationRepository(tx).create({ title: "chat" });
  const { message } = await createMessageRepository(tx).store({
    content: "Dima's birthday is on 14 March",
    conversationId: conversation.id,
  });
  const embeddings = createRecallEmbeddingRepository(tx);
  const unembedded = await embeddings.listMissing({ model: "first", dimensions: null }, { kind: "message", limit: 1 });
  await embeddings.store(
    "first",
    unembedded.map((text) => ({ ...text, values: [0.6, 0.8] })),
  );
  const entity = await createEntityRepository(tx).create({ canonicalName: "Dima" });
  const facts = createFactRepository(tx);
  const first = await facts.create({
    content: "Dima's birthday is on 14 March",
    sourceMessageId: message.id,
    sourceQuote: "14 March",
    entityIds: [entity.id],
  });
  const { fact } = await facts.update(first.id, 1, { content: "Dima's birthday is on 15 March" });
  await facts.recordUses([{ factId: fact.id, messageId: message.id, score: 1 }]);
  await createEvaluationRepository(tx).create({
    messageId: message.id,
    factId: fact.id,
    evalType: "extraction_accuracy",
    verdict: "correct",
  });
  await createDialogStateRepository(tx).set(0, { kind: "conflict", factId: fact.id, messageId: message.id }, at);
  const interests = createInterestRepository(tx);
  await interests.mention("climbing", at);
  await interests.advance(null, message.id);
  await createTokenUsageRepository(tx).meter({ at, kind: "extraction", model: "m" }, 1);
  await createIdempotencyKeyRepository(tx).begin({ key: "k", procedure: "p", requestFingerprint: "f", ttlSeconds: 60 });
  await createAuditLogRepository(tx).append({ actor: "user", action: "facts.create", resource: `fact:${fact.id}` });
  await fillReminders(tx, { messageId: message.id, entityId: entity.id, factId: fact.id });
  await createEventRepository(tx).append([{ type: "fact.created", actor: "user", payload: { factId: fact.id } }]);
  return { messageId: message.id, conversationId: conversation.id, factId: fact.id, entityId: entity.id };
}

async function fillReminders(tx: UserTransaction, links: { messageId: string; entityId: string; factId: string }): Promise<void> {
  const { userId } = tx;
  const [channel] = await tx.insert(channels).values({ userId, type: "log", name: "log" }).returning({ id: channels.id });
  const [reminder] = await tx
    .insert(reminders)
    .values({
      userId,
      title: "Buy Dima a gift",
      kind: "fact_relative",
      dtstartLocal: "2025-03-12T09:00:00",
      anchorFactId: links.factId,
      anchorOffset: "-P3D",
      factId: links.factId,
      entityId: links.entityId,
      sourceMessageId: links.messageId,
    })
    .returning({ id: reminders.id });
  if (channel === undefined || reminder === undefined) throw new Error("nothing was stored");
  const reminderId = reminder.id;
  await tx.insert(reminderAlerts).values({ userId, reminderId, ordinal: 0 });
  const [occurrence] = await tx
    .insert(reminderOccurrences)
    .values({ userId, reminderId, occurrenceAt: at })
    .returning({ id: reminderOccurrences.id });
  const [delivery] = await tx
    .insert(reminderDeliveries)
    .values({
      userId,
      reminderId,
      occurrenceId: occurrence?.id ?? null,
      channelId: channel.id,
      step: "alert:0",
      dueAt: at,
      nextAttemptAt: at,
      expiresAt: at,
    })
    .returning({ id: reminderDeliveries.id });
  if (delivery === undefined) throw new Error("nothing was stored");
  await tx
    .insert(reminderChanges)
    .values({ userId, reminderId, occurrenceId: occurrence?.id ?? null, action: "snoozed", reminderVersion: 1, changedAt: at });
  await tx.insert(reminderAttempts).values({ userId, deliveryId: delivery.id, attempt: 1, outcome: "failed" });
}
