import type { Db } from "../connection/client.ts";
import { withUser } from "../connection/access.ts";
import { newId } from "../schema/base.ts";
import { users } from "../schema/index.ts";

/** Makes a user of a test's own; returns the id. */
export async function createTestUser(db: Db, name: string, values: { locale?: string } = {}): Promise<string> {
  const id = newId();
  await withUser(db, id, (tx) => tx.insert(users).values({ id, name, ...values }));
  return id;
}
