import { and, eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuditLogRepository } from "./audit-log.repository.ts";
import { clockAt } from "./clock.ts";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createChannelRepository } from "./channels.repository.ts";
import { createConversationRepository } from "./conversations.repository.ts";
import { createDeliveryRepository } from "./deliveries.repository.ts";
import { createDialogStateRepository } from "./dialog-states.repository.ts";
import { createEntityRepository } from "./entities.repository.ts";
import { createEvaluationRepository } from "./evaluations.repository.ts";
import { createEventRepository } from "./events.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createHeldDeliveryRepository } from "./held-deliveries.repository.ts";
import * as db from "./index.ts";
import { createIdempotencyKeyRepository } from "./idempotency-keys.repository.ts";
import { createInterestRepository } from "./interests.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
import { createOccurrenceRepository } from "./occurrences.repository.ts";
import { createRateLimitRepository } from "./rate-limits.repository.ts";
import { createRecallEmbeddingRepository } from "./recall-embeddings.repository.ts";
import { createRecallIndex } from "./recall-index.repository.ts";
import { createRecallRepository } from "./recall.repository.ts";
import { createReminderChangeRepository } from "./reminder-changes.repository.ts";
import { createReminderRepository } from "./reminders.repository.ts";
import { newId } from "./schema/base.ts";
import { reminderDeliveries } from "./schema/index.ts";
import { createApiKeyRepository, createInviteRepository, createSessionRepository, createUserAuthRepository } from "./sign-in.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { recordStatements, type Statement, unscopedReferences } from "./testing/statements.ts";
import { createTestUser } from "./testing/users.ts";
import { fillWholeMemory } from "./testing/whole-memory.ts";
import { createTokenUsageRepository } from "./token-usages.repository.ts";
import { createUserRepository } from "./users.repository.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const at = new Date("2025-01-01T12:00:00Z");

/** Which methods of which repositories have not been called yet. */
class Walk {
  readonly missing = new Set<string>();
  readonly walked = new Set<string>();

  /** A repository of the transaction that notes which of its methods are called. */
  of<R extends object>(create: (tx: UserTransaction) => R, tx: UserTransaction): R {
    const repository = create(tx);
    this.walked.add(create.name);
    for (const method of Object.keys(repository)) this.missing.add(`${create.name}.${method}`);
    return new Proxy(repository, {
      get: (target, method, receiver) => {
        this.missing.delete(`${create.name}.${String(method)}`);
        return Reflect.get(target, method, receiver);
      },
    });
  }
}

/** Calls every method about reminders and their sending once, with rows to do something with. */
async function callReminders(tx: UserTransaction, walk: Walk, { factId, messageId }: { factId: string; messageId: string }): Promise<void> {
  const later = new Date(at.getTime() + 3_600_000);
  const channels = walk.of(createChannelRepository, tx);
  const inbox = await channels.ensureInApp();
  const channel = await channels.create({ type: "log", name: "log" });
  await channels.findById(channel.id);
  await channels.getById(channel.id);
  await channels.findMany([channel.id]);
  await channels.list({ cursor: (await channels.list({ limit: 1 })).nextCursor, filters: { type: "log" } });
  await channels.update(channel.id, channel.version, { name: "log 2" });
  await expect(channels.update(channel.id, channel.version, { name: "log 3" })).rejects.toMatchObject({ code: "CONFLICT" });
  await channels.mark(channel.id, { verifiedAt: at });
  await channels.usable();
  await channels.tryCode(channel.id, 5, at);
  const circuit = { failuresToOpen: 1, shortestSeconds: 30, longestSeconds: 300 };
  const ends = { channelId: channel.id, succeeded: false, failures: 1, lastFailure: "http_500", answered: false, disabledReason: null };
  await channels.recordEnds([ends], circuit, at);
  await channels.takeProbes([channel.id], at, at);

  const reminders = walk.of(createReminderRepository, tx);
  const input = { title: "call", kind: "once", dtstartLocal: "2025-01-01T13:00:00", dedupeKey: "call", nextOccurrenceAt: at } as const;
  const reminder = await reminders.create({ ...input, nextWakeAt: at, anchorFactId: factId, sourceMessageId: messageId }, [
    { ordinal: 0, offsetSeconds: 0, channelIds: [channel.id] },
  ]);
  if (reminder === null) throw new Error("nothing was stored");
  expect(await reminders.create(input, [])).toBeNull();
  const { id } = reminder;
  await reminders.findById(id);
  await reminders.getById(id);
  await reminders.lock(id);
  await reminders.lockAll([id]);
  await reminders.lockDue([id], later);
  await reminders.findByDedupeKey("call");
  await reminders.listBySourceMessage(messageId);
  await reminders.anchoredTo(factId);
  await reminders.floating();
  await reminders.ofOtherTzdata("2020a", 10);
  await reminders.stampTzdata([id], "2020a");
  for (const view of ["due", "upcoming", "missed", undefined] as const) {
    const filters = { view, status: "active", entityId: factId, factId } as const;
    await reminders.list({ limit: 1, cursor: (await reminders.list({ limit: 1, filters: { view } })).nextCursor, filters });
  }
  await reminders.update(id, 1, { title: "call again" });
  await expect(reminders.update(id, 1, { title: "call again" })).rejects.toMatchObject({ code: "CONFLICT" });
  await reminders.advance(id, { nextOccurrenceAt: later });
  await reminders.alerts([id]);
  await reminders.replaceAlerts(id, [{ ordinal: 1, offsetSeconds: 60, channelIds: [] }]);

  const changes = walk.of(createReminderChangeRepository, tx);
  const change = { reminderId: id, occurrenceId: null, action: "snoozed", reminderVersion: 2, changedAt: at, before: {} } as const;
  await changes.record(change);
  await changes.record(change);
  await changes.markUndone((await changes.findLast(id))?.id ?? "", at);
  await changes.list({
    limit: 1,
    cursor: (await changes.list({ limit: 1, filters: { reminderId: id } })).nextCursor,
    filters: { reminderId: id },
  });

  const occurrences = walk.of(createOccurrenceRepository, tx);
  const moments = [at, later].map((occurrenceAt) => ({
    reminderId: id,
    occurrenceAt,
    status: "upcoming" as const,
    shiftedBySeconds: 0,
    missedBefore: 0,
  }));
  const [first, second] = await occurrences.materialise(moments);
  const [one = "", two = ""] = [first?.id, second?.id];
  await occurrences.findById(one);
  await occurrences.getById(one);
  await occurrences.list({
    limit: 1,
    cursor: (await occurrences.list({ limit: 1, filters: { reminderId: id } })).nextCursor,
    filters: { reminderId: id },
  });
  await occurrences.findAt(id, at);
  await occurrences.ahead([id], at);
  await occurrences.edited(id, ["upcoming"]);
  await occurrences.inStates(id, ["upcoming"]);
  await occurrences.announced(id);
  await occurrences.update([two], { status: "snoozed", snoozedUntil: at });

  const deliveries = walk.of(createDeliveryRepository, tx);
  const step = { channelId: channel.id, priority: "normal", dueAt: at, nextAttemptAt: at, expiresAt: later, reminderId: id } as const;
  const sending = { userId: tx.userId, deliveryId: newId(), leaseToken: newId() };
  const enqueue = () =>
    deliveries.enqueue([
      { ...step, id: sending.deliveryId, step: "alert:0", occurrenceId: one, reminderVersion: 1 },
      { ...step, channelId: inbox.id, step: "alert:1", occurrenceId: two, reminderVersion: 1 },
    ]);
  await enqueue();
  await enqueue();
  await tx
    .update(reminderDeliveries)
    .set({ status: "sending", leaseToken: sending.leaseToken, leaseUntil: sql`now() + interval '1 hour'` })
    .where(and(eq(reminderDeliveries.userId, tx.userId), eq(reminderDeliveries.id, sending.deliveryId)));
  await deliveries.getById(sending.deliveryId);
  const [held] = await deliveries.findMany([sending.deliveryId]);
  expect(held?.leaseToken).toBe(sending.leaseToken);
  const filters = { reminderId: id, occurrenceId: one, channelId: channel.id, status: "sending", unread: true } as const;
  await deliveries.list({ limit: 1, cursor: (await deliveries.list({ limit: 1 })).nextCursor, filters });
  await deliveries.open([id]);
  await deliveries.listOpen({ reminderIds: [id] });
  await deliveries.listOpen({ channelId: channel.id });
  await deliveries.follow(id, { priority: "urgent", reminderVersion: 2 });
  const holder = walk.of(createHeldDeliveryRepository, tx);
  expect(await holder.remindersToSend([sending])).toMatchObject([{ id, title: "call again" }]);
  expect(await holder.remindersToMoveOn([sending])).toMatchObject([{ id, firedCount: 0 }]);
  expect(await holder.find([sending])).toMatchObject([{ delivery: { id: sending.deliveryId }, occurrence: { id: one } }]);
  expect(await holder.channels([sending], clockAt(at))).toMatchObject([{ channel: { id: channel.id }, user: { status: "active" } }]);
  expect(await holder.begin([sending], at)).toEqual([sending.deliveryId]);
  await holder.recordUnknown([{ id: sending.deliveryId, attempts: 1, begunAt: at }], at);
  await deliveries.attempts(sending.deliveryId);
  await deliveries.unknownAttempts([sending.deliveryId]);
  const attempt = { outcome: "failed", httpStatus: null, error: "gone" } as const;
  const settlement = { ...sending, status: "failed", reason: "gone", nextAttemptAt: null, attempt } as const;
  expect(await holder.settle([settlement], clockAt(at))).toMatchObject([{ id: sending.deliveryId, settledAt: at, fired: 0, open: 1 }]);
  await holder.endSnoozes([two]);
  expect(await deliveries.attempts(sending.deliveryId)).toMatchObject([
    { attempt: 1, outcome: "unknown", startedAt: at },
    { attempt: 1, outcome: "failed", startedAt: at, finishedAt: at, error: "gone" },
  ]);
  await holder.advance([{ id, firedCount: 2, nextOccurrenceAt: later }]);
  expect(await reminders.findMany([id])).toMatchObject([{ firedCount: 2, nextOccurrenceAt: later, status: "active" }]);
  await deliveries.replay(sending.deliveryId, { nextAttemptAt: at, expiresAt: later });
  await deliveries.withdraw({ reminderId: id }, "withdrawn");
  await deliveries.withdraw({ occurrenceIds: [one] }, "withdrawn");
  await deliveries.revive([sending.deliveryId]);
  await deliveries.sentSince(id, at);
  await deliveries.markRead([sending.deliveryId], at);
  await deliveries.releasePaused([channel.id], at);
  await channels.delete(channel.id);
  await expect(channels.delete(inbox.id)).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  await reminders.delete(id);
}

/** Searches by everything that a search can be limited by, and writes the index in every way. */
async function callRecall(
  tx: UserTransaction,
  walk: Walk,
  ids: { factId: string; messageId: string; entityId: string; conversationId: string },
): Promise<void> {
  const { factId, messageId, entityId, conversationId } = ids;
  const recall = walk.of(createRecallRepository, tx);
  const search = { query: "Dima's birthday in March", limit: 10, now: new Date() };
  expect(await recall.search(search)).not.toEqual([]);
  await recall.search({
    ...search,
    kinds: ["fact"],
    entityIds: [entityId],
    from: at,
    to: new Date(),
    conversationId,
    asOf: new Date(),
    validAt: at,
  });
  const index = walk.of(createRecallIndex, tx);
  await index.remove("fact", [factId]);
  await index.add("fact", factId, { text: "Dima sings", at, author: "Olga", conversationId });
  await index.remove("message", [messageId]);
  await index.addMany("message", [{ id: messageId, text: "Dima sings", at }]);
  await index.setOutdated([factId], true);
  await index.setNames(entityId, ["Dima", "Mitya"]);
  await index.rebuild();
  const embeddings = walk.of(createRecallEmbeddingRepository, tx);
  for (const kind of ["message", "fact"] as const) {
    const missing = await embeddings.listMissing({ model: "m", dimensions: 2 }, { kind, limit: 10 });
    expect(missing).not.toEqual([]);
    await embeddings.store(
      "m",
      missing.map((text) => ({ ...text, values: [1, 2] })),
    );
  }
  await recall.search({ ...search, embedding: { model: "m", values: [1, 2] } });
  const limits = walk.of(createRateLimitRepository, tx);
  await limits.count("bucket", { limit: 1, windowSeconds: 60 });
  await limits.deleteExpired();
}

/** Calls every method of every repository once, in an order in which each has something to do. */
async function callEverything(tx: UserTransaction, walk: Walk): Promise<void> {
  const { messageId, conversationId, factId, entityId } = await fillWholeMemory(tx);
  await callReminders(tx, walk, { factId, messageId });
  await callRecall(tx, walk, { factId, messageId, entityId, conversationId });
  const users = walk.of(createUserRepository, tx);
  await users.update((await users.get()).version, { locale: "de" });
  await users.touchLastSeen();
  await users.find();
  await expect(users.create({})).rejects.toMatchObject({ code: "CONFLICT" });

  const auths = walk.of(createUserAuthRepository, tx);
  await auths.link({ provider: "oidc", externalId: tx.userId });
  for (const { id } of await auths.list()) await auths.unlink(id);
  const sessions = walk.of(createSessionRepository, tx);
  const { session } = await sessions.create({ expiresAt: null });
  await sessions.touch(session.id);
  await sessions.revoke(session.id);
  await sessions.list();
  const keys = walk.of(createApiKeyRepository, tx);
  const { apiKey } = await keys.create({ name: "x", scopes: ["read"] });
  await keys.touch(apiKey.id);
  await keys.revoke(apiKey.id);
  await keys.list();
  const invites = walk.of(createInviteRepository, tx);
  const { invite } = await invites.create({ expiresAt: null });
  await invites.accept(invite.id);
  await expect(invites.accept(invite.id)).rejects.toMatchObject({ code: "CONFLICT" });
  await invites.revoke(invite.id);
  await invites.list();

  const audit = walk.of(createAuditLogRepository, tx);
  await audit.append({ actor: "user", action: "a", resource: "r" });
  await audit.list({ cursor: (await audit.list({ limit: 1 })).nextCursor, action: "a", resource: "r" });
  const idempotency = walk.of(createIdempotencyKeyRepository, tx);
  const request = { key: "k", procedure: "p", requestFingerprint: "f", ttlSeconds: 60 };
  await idempotency.begin(request);
  await idempotency.complete("k", {});
  await idempotency.deleteExpired();
  const dialog = walk.of(createDialogStateRepository, tx);
  const { version } = await dialog.get(at);
  await dialog.set(version, { kind: "account_delete" }, at);
  await dialog.reset(version + 1);
  const evaluations = walk.of(createEvaluationRepository, tx);
  await evaluations.create({ messageId, factId, evalType: "application_relevance", verdict: "correct" });
  await evaluations.list({ messageId, factId, cursor: (await evaluations.list({ limit: 1 })).nextCursor });
  const interests = walk.of(createInterestRepository, tx);
  const { id: candidate } = await interests.mention("Climbing", at);
  await interests.answer(candidate, "confirmed");
  await expect(interests.answer(candidate, "confirmed")).rejects.toMatchObject({ code: "CONFLICT" });
  await interests.list({ status: "confirmed" });
  await interests.countUnscanned();
  await interests.advance(await interests.cursor(), messageId);
  const usages = walk.of(createTokenUsageRepository, tx);
  const budget = { at, kind: "extraction", model: "m" };
  await usages.meter(budget, 1);
  await usages.setQuota(budget, 2);
  await usages.check(budget);
  await usages.listMonth(at);
  const events = walk.of(createEventRepository, tx);
  await events.append([{ type: "x", actor: "user" }]);
  await events.listAfter(0);
  await events.lastSeq();

  const conversations = walk.of(createConversationRepository, tx);
  await conversations.update(conversationId, (await conversations.getById(conversationId)).version, { title: "b" });
  const other = await conversations.create({});
  await conversations.findById(other.id);
  await conversations.list({ cursor: (await conversations.list({ limit: 1 })).nextCursor });
  const messages = walk.of(createMessageRepository, tx);
  const input = { content: "Dima sings", source: "s", externalId: "1", conversationId: other.id };
  await messages.store(input);
  const [stored] = await messages.storeMany([input]);
  await messages.getById(messageId);
  await messages.findById(messageId);
  await messages.list({
    cursor: (await messages.list({ limit: 1 })).nextCursor,
    conversationId,
    role: "user",
    source: "s",
    from: at,
    to: at,
  });
  await messages.setProcessingStatus(messageId, "processed");
  await messages.similaritySearch({ embedding: [1, 2], limit: 5, threshold: 0, model: "m" });

  const facts = walk.of(createFactRepository, tx);
  const fact = await facts.create({ content: "x", sourceMessageId: stored?.message.id ?? "", sourceQuote: "Dima", entityIds: [entityId] });
  const updated = await facts.update(fact.id, 1, { content: "y" });
  const retracted = await facts.retract(updated.fact.id, 1);
  await expect(facts.retract(retracted.fact.id, 2)).rejects.toMatchObject({ code: "CONFLICT" });
  await facts.findById(fact.id);
  await facts.getById(fact.id);
  await facts.history(fact.id);
  await facts.similaritySearch({ embedding: [1, 2], limit: 5 });
  const corrected = await facts.update((await facts.create({ content: "z" })).id, 1, { content: "zz" });
  await facts.getVersion(corrected.fact.id, { asOf: new Date(), validAt: at });
  await facts.undo(corrected.fact.id, corrected.fact.version);
  await facts.list({ cursor: (await facts.list({ limit: 1 })).nextCursor, entityId, asOf: at, validAt: at, from: at, to: at });
  await facts.recordUses([{ factId, messageId }]);
  await facts.listUses({ factId });
  const entities = walk.of(createEntityRepository, tx);
  const again = await entities.create({ canonicalName: "Mitya", aliases: ["M"] });
  await entities.update(again.id, 1, { type: "person" });
  await entities.findByName("m");
  await entities.findById(again.id);
  await entities.getById(again.id);
  await entities.list({ cursor: (await entities.list({ limit: 1 })).nextCursor, search: "m", type: "person" });
  await entities.listByFacts([factId]);
  await entities.merge(entityId, again.id);
  await entities.previewDelete(entityId);
  const preview = await entities.previewForget({ entityId });
  await facts.delete(fact.id);
  await messages.delete(messageId);
  await conversations.delete(conversationId, { withFacts: true });
  await entities.delete(entityId);
  await entities.forget({
    entityIds: [entityId],
    factIds: preview.facts.map(({ id }) => id),
    messageIds: preview.messages.map(({ id }) => id),
    reminderIds: preview.reminders.map(({ id }) => id),
  });
  await users.delete();
}

/** Every repository that the package has, but for those of the worker and the operator, which belong to no user. */
const ofUsers = Object.keys(db).filter((name) => /^create\w+(Repository|Index)$/.test(name) && !/Worker|IsolationProof/.test(name));

test("every statement of every repository names the user for each table it touches", async () => {
  const ada = await createTestUser(database.db, "Ada");
  const walk = new Walk();
  let statements: Statement[] = [];
  await withUser(database.db, ada, async (tx) => {
    statements = recordStatements(tx);
    await callEverything(tx, walk);
  });
  expect([...walk.missing]).toEqual([]);
  expect([...walk.walked].toSorted()).toEqual(ofUsers.toSorted());
  expect(statements.length).toBeGreaterThan(150);
  expect(statements.flatMap((statement) => unscopedReferences(statement, ada))).toEqual([]);
});

test("a statement that forgets the user in one place is found out", () => {
  const found = (sql: string) => unscopedReferences({ sql, params: ["ada", "ben"] }, "ada").length;
  expect(found(`select 1 from "facts" where "facts"."user_id" = $1`)).toBe(0);
  expect(found(`select 1 from "facts" where "facts"."id" = $1`)).toBe(1);
  expect(found(`select 1 from "facts" where "facts"."user_id" = $2`)).toBe(1);
  expect(found(`select 1 from "facts" inner join "messages" on true where "facts"."user_id" = $1`)).toBe(1);
  expect(found(`select 1 from "facts" f join "facts" f on true where f.user_id = $1`)).toBe(1);
  expect(found(`update "users" set "name" = 'x' where "users"."id" = $2`)).toBe(1);
  expect(found(`delete from "facts" where exists (select 1 from "messages" "m" where "m"."user_id" = $1)`)).toBe(1);
  expect(found(`insert into "facts" ("id") values ($1)`)).toBe(1);
  expect(found(`insert into "facts" ("user_id") values ($1) on conflict ("id") do update set "content" = 'x'`)).toBe(1);
});
