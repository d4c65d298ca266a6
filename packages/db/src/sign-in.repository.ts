import { AppError, type KeyScope, keyScopes, notFound, type ServiceKeyKind, type UserStatus } from "@mema/shared";
import { and, asc, desc, eq, gt, isNull, or, type SQL, sql } from "drizzle-orm";
import type { SignInTransaction, UserTransaction } from "./connection/access.ts";
import { compileQuery } from "./connection/queries.ts";
import { hashToken, newToken, tokenPrefix } from "./credentials.ts";
import type { ApiKeyRepository, InviteRepository, SessionRepository, UserAuthRepository } from "./interfaces.ts";
import { apiKeyColumns, inviteColumns, sessionColumns } from "./rows.ts";
import { apiKeys, invites, serviceKeys, sessions, userAuths, users } from "./schema/index.ts";

/** Whether a credential opens anything, by the database's clock. */
export type CredentialState = "valid" | "expired" | "revoked";

/** Whose a credential is and what it opens. Service and admin keys belong to no user. */
export type Credential = { id: string; state: CredentialState; expiresAt: Date | null } & (
  | { kind: "api_key" | "session"; userId: string; userStatus: UserStatus; scopes: KeyScope[] }
  | { kind: ServiceKeyKind }
);

type CredentialTable = typeof apiKeys | typeof sessions | typeof serviceKeys;

/** The same columns of each kind of credential; who has none has null. */
const credentialColumns = (table: CredentialTable, kind: SQL, user: { userId: SQL; status: SQL; scopes: SQL }) => ({
  kind: sql<"api_key" | "session" | ServiceKeyKind>`${kind}`.as("kind"),
  id: sql<string>`${table.id}`.as("id"),
  state:
    sql<CredentialState>`case when ${table.revokedAt} is not null then 'revoked' when ${table.expiresAt} <= clock_timestamp() then 'expired' else 'valid' end`.as(
      "state",
    ),
  expiresAt: sql<Date | null>`${table.expiresAt}`.mapWith(table.expiresAt).as("expires_at"),
  userId: sql<string | null>`${user.userId}`.as("user_id"),
  userStatus: sql<UserStatus | null>`${user.status}`.as("user_status"),
  scopes: sql<KeyScope[] | null>`${user.scopes}`.as("scopes"),
});
const nobody = { userId: sql`null::uuid`, status: sql`null`, scopes: sql`null::text[]` };
const hash = sql.placeholder("hash");

/** One statement: every request waits for it. */
const selectCredential = compileQuery((db) =>
  db
    .select(
      credentialColumns(apiKeys, sql`'api_key'`, {
        userId: sql`${apiKeys.userId}`,
        status: sql`${users.status}`,
        scopes: sql`${apiKeys.scopes}`,
      }),
    )
    .from(apiKeys)
    .innerJoin(users, eq(users.id, apiKeys.userId))
    .where(eq(apiKeys.keyHash, hash))
    .unionAll(
      db
        .select(credentialColumns(sessions, sql`'session'`, { ...nobody, userId: sql`${sessions.userId}`, status: sql`${users.status}` }))
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(eq(sessions.tokenHash, hash)),
    )
    .unionAll(
      db
        .select(credentialColumns(serviceKeys, sql`${serviceKeys.kind}`, nobody))
        .from(serviceKeys)
        .where(eq(serviceKeys.keyHash, hash)),
    ),
);

/** Finds whose credential has this hash (`hashToken`), among keys, sessions and service keys; null when nobody's. */
export async function findCredential(tx: SignInTransaction, tokenHash: string): Promise<Credential | null> {
  const [found] = await selectCredential(tx, { hash: tokenHash });
  if (found === undefined) return null;
  const { kind, userId, userStatus, scopes, ...credential } = found;
  if (kind !== "api_key" && kind !== "session") return { kind, ...credential };
  if (userId === null || userStatus === null) throw new AppError("INTERNAL", "A credential has no user.");
  return { kind, userId, userStatus, scopes: scopes ?? [...keyScopes], ...credential };
}

/** Finds the account of an identity at a provider; null when nobody has linked it. */
export async function findUserByIdentity(
  tx: SignInTransaction,
  identity: { provider: (typeof userAuths.$inferSelect)["provider"]; externalId: string },
): Promise<{ userId: string; status: UserStatus } | null> {
  const [row] = await tx
    .select({ userId: userAuths.userId, status: users.status })
    .from(userAuths)
    .innerJoin(users, eq(users.id, userAuths.userId))
    .where(and(eq(userAuths.provider, identity.provider), eq(userAuths.externalId, identity.externalId)));
  return row ?? null;
}

/** How the transaction's user signs in. */
export function createUserAuthRepository(tx: UserTransaction): UserAuthRepository {
  const own = eq(userAuths.userId, tx.userId);
  return {
    async link(input) {
      const [added] = await tx
        .insert(userAuths)
        .values({ ...input, userId: tx.userId })
        .onConflictDoNothing()
        .returning();
      if (added !== undefined) return added;
      const [linked] = await tx
        .select()
        .from(userAuths)
        .where(and(own, eq(userAuths.provider, input.provider), eq(userAuths.externalId, input.externalId)));
      if (linked === undefined)
        throw new AppError("CONFLICT", "This identity belongs to another account: sign in with it, or unlink it there.");
      return linked;
    },

    list: () => tx.select().from(userAuths).where(own).orderBy(asc(userAuths.id)),

    async unlink(id) {
      const gone = await tx
        .delete(userAuths)
        .where(and(own, eq(userAuths.id, id)))
        .returning({ id: userAuths.id });
      if (gone.length === 0) throw notFound("Linked identity");
    },
  };
}

const revocation = { revokedAt: sql`coalesce(revoked_at, now())` };
const use = { lastUsedAt: sql`now()` };

/** The browser sessions of the transaction's user. */
export function createSessionRepository(tx: UserTransaction): SessionRepository {
  const own = eq(sessions.userId, tx.userId);
  return {
    async create({ expiresAt }) {
      const token = newToken();
      const [session] = await tx
        .insert(sessions)
        .values({ userId: tx.userId, tokenHash: hashToken(token), prefix: tokenPrefix(token), expiresAt })
        .returning(sessionColumns);
      if (session === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return { session, token };
    },

    list: () => tx.select(sessionColumns).from(sessions).where(own).orderBy(desc(sessions.id)),

    async revoke(id) {
      const [row] = await tx
        .update(sessions)
        .set(revocation)
        .where(and(own, eq(sessions.id, id)))
        .returning(sessionColumns);
      if (row === undefined) throw notFound("Session");
      return row;
    },

    async touch(id) {
      await tx
        .update(sessions)
        .set(use)
        .where(and(own, eq(sessions.id, id)));
    },
  };
}

/** The keys of the transaction's user, for programs. */
export function createApiKeyRepository(tx: UserTransaction): ApiKeyRepository {
  const own = eq(apiKeys.userId, tx.userId);
  return {
    async create({ token = newToken(), ...input }) {
      const [apiKey] = await tx
        .insert(apiKeys)
        .values({ ...input, userId: tx.userId, keyHash: hashToken(token), prefix: tokenPrefix(token) })
        .returning(apiKeyColumns);
      if (apiKey === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return { apiKey, token };
    },

    list: () => tx.select(apiKeyColumns).from(apiKeys).where(own).orderBy(desc(apiKeys.id)),

    async revoke(id) {
      const [row] = await tx
        .update(apiKeys)
        .set(revocation)
        .where(and(own, eq(apiKeys.id, id)))
        .returning(apiKeyColumns);
      if (row === undefined) throw notFound("API key");
      return row;
    },

    async touch(id) {
      await tx
        .update(apiKeys)
        .set(use)
        .where(and(own, eq(apiKeys.id, id)));
    },
  };
}

/** The invitations that the transaction's user sent. */
export function createInviteRepository(tx: UserTransaction): InviteRepository {
  const own = eq(invites.userId, tx.userId);
  return {
    async create(input) {
      const token = newToken();
      const [invite] = await tx
        .insert(invites)
        .values({ ...input, userId: tx.userId, tokenHash: hashToken(token), prefix: tokenPrefix(token) })
        .returning(inviteColumns);
      if (invite === undefined) throw new AppError("INTERNAL", "Nothing was stored.");
      return { invite, token };
    },

    list: () => tx.select(inviteColumns).from(invites).where(own).orderBy(desc(invites.id)),

    async accept(id) {
      const open = and(
        isNull(invites.acceptedAt),
        isNull(invites.revokedAt),
        or(isNull(invites.expiresAt), gt(invites.expiresAt, sql`clock_timestamp()`)),
      );
      const [row] = await tx
        .update(invites)
        .set({ acceptedAt: sql`now()` })
        .where(and(own, eq(invites.id, id), open))
        .returning(inviteColumns);
      if (row !== undefined) return row;
      const [there] = await tx
        .select({ id: invites.id })
        .from(invites)
        .where(and(own, eq(invites.id, id)));
      if (there === undefined) throw notFound("Invitation");
      throw new AppError("CONFLICT", "The invitation was accepted, was revoked or has expired: ask for a new one.");
    },

    async revoke(id) {
      const [row] = await tx
        .update(invites)
        .set(revocation)
        .where(and(own, eq(invites.id, id)))
        .returning(inviteColumns);
      if (row === undefined) throw notFound("Invitation");
      return row;
    },
  };
}
