import { createHash } from "node:crypto";
import { createApiKeyRepository, createUserRepository, type Db, findCredential, hashToken, newId, withSignIn, withUser } from "@mema/db";
import { AppError, keyScopes } from "@mema/shared";

export interface NewAccount {
  name?: string | undefined;
  email?: string | undefined;
  timezone?: string | undefined;
  locale?: string | undefined;
}

/**
 * Creates a user with a first key and an inbox, in one transaction bound to the new id. The key is returned here and never again;
 * `token` sets it instead of a random one.
 */
export async function createUser(
  db: Db,
  account: NewAccount,
  { token, userId = newId() }: { token?: string; userId?: string } = {},
): Promise<{ userId: string; apiKey: string }> {
  return withUser(db, userId, async (tx) => {
    await createUserRepository(tx).create({ ...account });
    const key = await createApiKeyRepository(tx).create({
      name: "first key",
      scopes: [...keyScopes],
      ...(token === undefined ? {} : { token }),
    });
    return { userId, apiKey: key.token };
  });
}

/**
 * Makes sure that the server's first key is somebody's; creates that user at the first start. Returns whether it did. A key that was
 * revoked stays revoked. The user's id follows from the key, so that of two servers that start at once only one creates it.
 */
export async function ensureFirstUser(db: Db, apiKey: string): Promise<boolean> {
  const known = () => withSignIn(db, (tx) => findCredential(tx, hashToken(apiKey)));
  if ((await known()) !== null) return false;
  try {
    await createUser(db, {}, { token: apiKey, userId: idFrom(apiKey) });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "CONFLICT" && (await known()) !== null) return false;
    throw error;
  }
}

/** A UUID of version 8 that tells nothing of the key. */
function idFrom(apiKey: string): string {
  const hex = createHash("sha256").update(`first user ${apiKey}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
