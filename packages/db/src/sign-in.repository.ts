import { AppError, type KeyScope, keyScopes, notFound, type ServiceKeyKind, type UserStatus } from "@mema/shared";
import { and, asc, desc, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { SignInTransaction, UserTransaction } from "./connection/access.ts";
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

interface CredentialTable {
  expiresAt: typeof apiKeys.expiresAt | typeof sessions.expiresAt | typeof serviceKeys.expiresAt;
  revokedAt: typeof apiKeys.revokedAt | typeof sessions.revokedAt | typeof serviceKeys.revokedAt;
}

const stateOf = (table: CredentialTable) =>
  sql<CredentialState>`case when ${table.revokedAt} is not null then 'revoked' when ${table.expiresAt} <= clock_timestamp() then 'expired' else 'valid' end`;

/** Finds whose credential has this hash (`hashToken`), among keys, sessions and service keys; null when nobody's. */
export async function findCredential(tx: SignInTransaction, hash: string): Promise<Credential | null> {
  const [keys, signedIn, services] = await Promise.all([
    tx
      .select({
        id: apiKeys.id,
        userId: apiKeys.userId,
        userStatus: users.status,
        scopes: apiKeys.scopes,
        state: stateOf(apiKeys),
        expiresAt: apiKeys.expiresAt,
      })
      .from(apiKeys)
      .innerJoin(users, eq(users.id, apiKeys.userId))
      .where(eq(apiKeys.keyHash, hash)),
    tx
      .select({
        id: sessions.id,
        userId: sessions.userId,
        userStatus: users.status,
        state: stateOf(sessions),
        expiresAt: sessions.expiresAt,
      })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(eq(sessions.tokenHash, hash)),
    tx
      .select({ id: serviceKeys.id, kind: serviceKeys.kind, state: stateOf(serviceKeys), expiresAt: serviceKeys.expiresAt })
      .from(serviceKeys)
      .where(eq(serviceKeys.keyHash, hash)),
  ]);
  const [key, session, service] = [keys[0], signedIn[0], services[0]];
  if (key !== undefined) return { kind: "api_key", ...key };
  if (session !== undefined) return { kind: "session", ...session, scopes: [...keyScopes] };
  return service ?? null;
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
