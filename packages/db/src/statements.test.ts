import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuditLogRepository } from "./audit-log.repository.ts";
import { type UserTransaction, withUser } from "./connection/access.ts";
import { createConversationRepository } from "./conversations.repository.ts";
import { createDialogStateRepository } from "./dialog-states.repository.ts";
import { createEntityRepository } from "./entities.repository.ts";
import { createEvaluationRepository } from "./evaluations.repository.ts";
import { createEventRepository } from "./events.repository.ts";
import { createFactRepository } from "./facts.repository.ts";
import { createIdempotencyKeyRepository } from "./idempotency-keys.repository.ts";
import { createInterestRepository } from "./interests.repository.ts";
import { createMessageRepository } from "./messages.repository.ts";
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

/** A repository that notes which of its methods were called. */
function noting<R extends object>(name: string, repository: R, missing: Set<string>): R {
  for (const method of Object.keys(repository)) missing.add(`${name}.${method}`);
  return new Proxy(repository, {
    get(target, method, receiver) {
      missing.delete(`${name}.${String(method)}`);
      return Reflect.get(target, method, receiver);
    },
  });
}

/** Calls every method of every repository once, in an order in which each has something to do. */
async function callEverything(tx: UserTransaction, missing: Set<string>): Promise<void> {
  const { messageId, conversationId, factId, entityId } = await fillWholeMemory(tx);
  const users = noting("users", createUserRepository(tx), missing);
  await users.update((await users.get()).version, { locale: "de" });
  await users.touchLastSeen();
  await users.find();
  await expect(users.create({})).rejects.toMatchObject({ code: "CONFLICT" });

  const auths = noting("userAuths", createUserAuthRepository(tx), missing);
  await auths.link({ provider: "oidc", externalId: tx.userId });
  for (const { id } of await auths.list()) await auths.unlink(id);
  const sessions = noting("sessions", createSessionRepository(tx), missing);
  const { session } = await sessions.create({ expiresAt: null });
  await sessions.touch(session.id);
  await sessions.revoke(session.id);
  await sessions.list();
  const keys = noting("apiKeys", createApiKeyRepository(tx), missing);
  const { apiKey } = await keys.create({ name: "x", scopes: ["read"] });
  await keys.touch(apiKey.id);
  await keys.revoke(apiKey.id);
  await keys.list();
  const invites = noting("invites", createInviteRepository(tx), missing);
  const { invite } = await invites.create({ expiresAt: null });
  await invites.accept(invite.id);
  await expect(invites.accept(invite.id)).rejects.toMatchObject({ code: "CONFLICT" });
  await invites.revoke(invite.id);
  await invites.list();

  const audit = noting("auditLog", createAuditLogRepository(tx), missing);
  await audit.append({ actor: "user", action: "a", resource: "r" });
  await audit.list({ cursor: (await audit.list({ limit: 1 })).nextCursor, action: "a", resource: "r" });
  const idempotency = noting("idempotencyKeys", createIdempotencyKeyRepository(tx), missing);
  const request = { key: "k", procedure: "p", requestFingerprint: "f", ttlSeconds: 60 };
  await idempotency.begin(request);
  await idempotency.complete("k", {});
  await idempotency.deleteExpired();
  const dialog = noting("dialogStates", createDialogStateRepository(tx), missing);
  const { version } = await dialog.get(at);
  await dialog.set(version, { kind: "account_delete" }, at);
  await dialog.reset(version + 1);
  const evaluations = noting("evaluations", createEvaluationRepository(tx), missing);
  await evaluations.create({ messageId, factId, evalType: "application_relevance", verdict: "correct" });
  await evaluations.list({ messageId, factId, cursor: (await evaluations.list({ limit: 1 })).nextCursor });
  const interests = noting("interests", createInterestRepository(tx), missing);
  const { id: candidate } = await interests.mention("Climbing", at);
  await interests.answer(candidate, "confirmed");
  await expect(interests.answer(candidate, "confirmed")).rejects.toMatchObject({ code: "CONFLICT" });
  await interests.list({ status: "confirmed" });
  await interests.countUnscanned();
  await interests.advance(await interests.cursor(), messageId);
  const usages = noting("tokenUsages", createTokenUsageRepository(tx), missing);
  const budget = { at, kind: "extraction", model: "m" };
  await usages.meter(budget, 1);
  await usages.setQuota(budget, 2);
  await usages.check(budget);
  await usages.listMonth(at);
  const events = noting("events", createEventRepository(tx), missing);
  await events.append([{ type: "x", actor: "user" }]);
  await events.listAfter(0);
  await events.lastSeq();

  const conversations = noting("conversations", createConversationRepository(tx), missing);
  await conversations.update(conversationId, (await conversations.getById(conversationId)).version, { title: "b" });
  const other = await conversations.create({});
  await conversations.findById(other.id);
  await conversations.list({ cursor: (await conversations.list({ limit: 1 })).nextCursor });
  const messages = noting("messages", createMessageRepository(tx), missing);
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

  const facts = noting("facts", createFactRepository(tx), missing);
  const fact = await facts.create({ content: "x", sourceMessageId: stored?.message.id ?? "", sourceQuote: "Dima", entityIds: [entityId] });
  const updated = await facts.update(fact.id, 1, { content: "y" });
  const retracted = await facts.retract(updated.fact.id, 1);
  await expect(facts.retract(retracted.fact.id, 2)).rejects.toMatchObject({ code: "CONFLICT" });
  await facts.findById(fact.id);
  await facts.getById(fact.id);
  await facts.history(fact.id);
  await facts.list({ cursor: (await facts.list({ limit: 1 })).nextCursor, entityId, asOf: at, validAt: at, from: at, to: at });
  await facts.recordUses([{ factId, messageId }]);
  await facts.listUses({ factId });
  const entities = noting("entities", createEntityRepository(tx), missing);
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

test("every statement of every repository names the user for each table it touches", async () => {
  const ada = await createTestUser(database.db, "Ada");
  const missing = new Set<string>();
  let statements: Statement[] = [];
  await withUser(database.db, ada, async (tx) => {
    statements = recordStatements(tx);
    await callEverything(tx, missing);
  });
  expect([...missing]).toEqual([]);
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
