import { createHash } from "node:crypto";
import {
  createApiKeyRepository,
  createReminderRepository,
  createUserRepository,
  databaseClock,
  type Db,
  type DbClock,
  findCredential,
  hashToken,
  newId,
  type User,
  type UserRepository,
  type UserTransaction,
  withSignIn,
  withUser,
} from "@mema/db";
import { AppError, keyScopes } from "@mema/shared";
import { expandReminders } from "./expansion.ts";
import { rezoneReminders } from "./reminders.ts";

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
 * Changes the user's profile. Reminders without a zone of their own follow a new one: what is overdue by the old zone's clock stays due, the
 * rest is planned anew. Throws CONFLICT when `version` is not the current one.
 */
export async function updateUser(
  tx: UserTransaction,
  version: number,
  changes: Parameters<UserRepository["update"]>[1],
  clock: DbClock = databaseClock,
): Promise<User> {
  const users = createUserRepository(tx);
  if (changes.timezone === undefined) return users.update(version, changes);
  const floating = (await createReminderRepository(tx).floating()).map(({ id }) => id);
  await expandReminders(tx, floating, clock);
  const user = await users.update(version, changes);
  await rezoneReminders(tx, floating, clock);
  return user;
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
