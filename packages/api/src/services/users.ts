import { type Db, createApiKeyRepository, createUserRepository, newId, withUser } from "@mema/db";
import { AppError, keyScopes } from "@mema/shared";
import { authenticate } from "../authenticate.ts";
import { createContext, type Services } from "../context.ts";

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
export async function createUser(db: Db, account: NewAccount, token?: string): Promise<{ userId: string; apiKey: string }> {
  const userId = newId();
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

/** Makes sure that the server's first key opens a user's memory; creates that user at the first start. */
export async function ensureFirstUser(services: Services, apiKey: string): Promise<void> {
  try {
    await authenticate(createContext(services, { credential: apiKey }));
  } catch (error) {
    if (!(error instanceof AppError && error.code === "UNAUTHORIZED")) throw error;
    await createUser(services.db, {}, apiKey);
  }
}
