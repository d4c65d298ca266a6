import { randomBytes } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createChannelRepository } from "./channels.repository.ts";
import { withUser } from "./connection/access.ts";
import { rotateSecrets } from "./rotate-secrets.ts";
import { newId } from "./schema/base.ts";
import { channels } from "./schema/index.ts";
import { openSecret, sealSecret } from "./secrets.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createTestUser } from "./testing/users.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const [from, to] = [randomBytes(32), randomBytes(32)];

async function withWebhook(name: string, key: Uint8Array): Promise<{ userId: string; id: string }> {
  const userId = await createTestUser(database.db, name);
  const id = newId();
  const sealed = sealSecret(`whsec_${name}`, key, { userId, rowId: id });
  await withUser(database.db, userId, (tx) => createChannelRepository(tx).create({ id, type: "webhook", name, sealed }));
  return { userId, id };
}

const sealedOf = ({ userId, id }: { userId: string; id: string }) =>
  withUser(database.db, userId, async (tx) => (await tx.select().from(channels).where(eq(channels.id, id)))[0]?.sealed ?? "");

test("every user's secrets open with the new key only, a second run changes nothing, and what no key opens is named", async () => {
  const [ada, ben] = [await withWebhook("ada", from), await withWebhook("ben", from)];
  const lost = await withWebhook("carl", randomBytes(32));
  const untouched = await sealedOf(lost);
  expect(await rotateSecrets(database.db, { from, to })).toEqual({ users: 3, resealed: 2, already: 0, unopened: [lost.id] });
  for (const [name, channel] of Object.entries({ ada, ben })) {
    const sealed = await sealedOf(channel);
    const owner = { userId: channel.userId, rowId: channel.id };
    expect(openSecret(sealed, to, owner)).toBe(`whsec_${name}`);
    expect(() => openSecret(sealed, from, owner)).toThrow("cannot be opened");
  }
  expect(await sealedOf(lost)).toBe(untouched);
  expect(await rotateSecrets(database.db, { from, to })).toMatchObject({ resealed: 0, already: 2, unopened: [lost.id] });
});
