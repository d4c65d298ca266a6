import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type UserTransaction, withSignIn, withUser } from "./connection/access.ts";
import { hashToken, newToken, tokenPrefix } from "./credentials.ts";
import {
  createApiKeyRepository,
  createInviteRepository,
  createSessionRepository,
  createUserAuthRepository,
  findCredential,
  findUserByIdentity,
} from "./sign-in.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
let ada: string;
let ben: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  ada = await createTestUser(database.db, "Ada");
  ben = await createTestUser(database.db, "Ben");
});

const as = <T>(userId: string, body: (tx: UserTransaction) => Promise<T>) => withUser(database.db, userId, body);
const find = (token: string) => withSignIn(database.db, (tx) => findCredential(tx, hashToken(token)));
const past = new Date("2020-01-01T00:00:00Z");

test("a key opens what it was made for, until it is revoked, and its hash is never returned", async () => {
  const { apiKey, token } = await as(ada, (tx) => createApiKeyRepository(tx).create({ name: "cli", scopes: ["read"] }));
  expect(token).toMatch(/^mema_[\w-]{43}$/);
  expect(JSON.stringify(apiKey)).not.toContain(hashToken(token));
  expect(apiKey.prefix).toBe(tokenPrefix(token));
  expect(await find(token)).toEqual({
    kind: "api_key",
    id: apiKey.id,
    userId: ada,
    userStatus: "active",
    scopes: ["read"],
    state: "valid",
    expiresAt: null,
  });
  expect(await find(`${token}x`)).toBeNull();
  await as(ada, (tx) => createApiKeyRepository(tx).touch(apiKey.id));
  await expect(as(ben, (tx) => createApiKeyRepository(tx).revoke(apiKey.id))).rejects.toMatchObject({ code: "NOT_FOUND" });
  await as(ben, (tx) => createApiKeyRepository(tx).touch(apiKey.id));
  expect(await as(ben, (tx) => createApiKeyRepository(tx).list())).toEqual([]);
  const revoked = await as(ada, (tx) => createApiKeyRepository(tx).revoke(apiKey.id));
  expect((await as(ada, (tx) => createApiKeyRepository(tx).revoke(apiKey.id))).revokedAt).toEqual(revoked.revokedAt);
  expect(await find(token)).toMatchObject({ state: "revoked" });
  const [listed] = await as(ada, (tx) => createApiKeyRepository(tx).list());
  expect(listed).toMatchObject({ name: "cli", lastUsedAt: expect.any(Date) });
  expect(Object.keys(listed ?? {})).not.toContain("keyHash");
});

test("a key that is over its time is expired, and a given token is taken as it is", async () => {
  const token = newToken();
  await as(ada, (tx) => createApiKeyRepository(tx).create({ name: "old", scopes: ["read", "write"], expiresAt: past, token }));
  expect(await find(token)).toMatchObject({ state: "expired", expiresAt: past });
});

test("a session opens everything of its user until it is revoked", async () => {
  const { session, token } = await as(ada, (tx) => createSessionRepository(tx).create({ expiresAt: null }));
  expect(await find(token)).toMatchObject({ kind: "session", userId: ada, scopes: ["read", "write"], state: "valid" });
  await expect(as(ben, (tx) => createSessionRepository(tx).revoke(session.id))).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await as(ben, (tx) => createSessionRepository(tx).list())).toEqual([]);
  await as(ada, (tx) => createSessionRepository(tx).touch(session.id));
  await as(ada, (tx) => createSessionRepository(tx).revoke(session.id));
  expect(await find(token)).toMatchObject({ state: "revoked" });
  expect(await as(ada, (tx) => createSessionRepository(tx).list())).toEqual([
    expect.objectContaining({ id: session.id, lastUsedAt: expect.any(Date) }),
  ]);
});

test("a service key belongs to nobody", async () => {
  const token = newToken();
  await database.asOwner(
    (owner) =>
      owner`insert into ops.service_keys (id, kind, name, key_hash, prefix) values (gen_random_uuid(), 'service', 'worker', ${hashToken(token)}, ${tokenPrefix(token)})`,
  );
  const found = await find(token);
  expect(found).toMatchObject({ kind: "service", state: "valid" });
  expect(found).not.toHaveProperty("userId");
});

test("one identity has one account", async () => {
  const identity = { provider: "github" as const, externalId: `gh-${ada}` };
  const linked = await as(ada, (tx) => createUserAuthRepository(tx).link(identity));
  expect((await as(ada, (tx) => createUserAuthRepository(tx).link(identity))).id).toBe(linked.id);
  await expect(as(ben, (tx) => createUserAuthRepository(tx).link(identity))).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(as(ben, (tx) => createUserAuthRepository(tx).unlink(linked.id))).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await as(ben, (tx) => createUserAuthRepository(tx).list())).toEqual([]);
  const whose = () => withSignIn(database.db, (tx) => findUserByIdentity(tx, identity));
  expect(await whose()).toEqual({ userId: ada, status: "active" });
  expect(await as(ada, (tx) => createUserAuthRepository(tx).list())).toHaveLength(1);
  await as(ada, (tx) => createUserAuthRepository(tx).unlink(linked.id));
  expect(await whose()).toBeNull();
});

test("an invitation is accepted once, in time and unless revoked", async () => {
  const invite = async (expiresAt: Date | null) =>
    (await as(ada, (tx) => createInviteRepository(tx).create({ email: "x@example.org", expiresAt }))).invite;
  const accept = (id: string, userId = ada) => as(userId, (tx) => createInviteRepository(tx).accept(id));
  const open = await invite(null);
  await expect(accept(open.id, ben)).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await accept(open.id)).acceptedAt).toBeInstanceOf(Date);
  await expect(accept(open.id)).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(accept((await invite(past)).id)).rejects.toMatchObject({ code: "CONFLICT" });
  const revoked = await invite(null);
  await expect(as(ben, (tx) => createInviteRepository(tx).revoke(revoked.id))).rejects.toMatchObject({ code: "NOT_FOUND" });
  await as(ada, (tx) => createInviteRepository(tx).revoke(revoked.id));
  await expect(accept(revoked.id)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await as(ben, (tx) => createInviteRepository(tx).list())).toEqual([]);
  expect(Object.keys((await as(ada, (tx) => createInviteRepository(tx).list()))[0] ?? {})).not.toContain("tokenHash");
});
