import { and, asc, eq, gt, isNotNull } from "drizzle-orm";
import { withSignIn, withUser } from "./connection/access.ts";
import type { Db } from "./connection/client.ts";
import { channels, users } from "./schema/index.ts";
import { openSecret, sealSecret } from "./secrets.ts";

export interface Rotation {
  users: number;
  resealed: number;
  /** Sealed with the new key already: a run before this one was ended in the middle. */
  already: number;
  /** Ids of channels whose secret neither key opens. They stay as they are. */
  unopened: string[];
}

const page = 500;

/**
 * Seals every integration secret anew: opened with `from`, sealed with `to` (32 bytes each), one transaction a user. May be run again after
 * it was ended in the middle. The sign-in role says which users there are: no role sees all channels. Stop the servers first: they have one key.
 */
export async function rotateSecrets(db: Db, { from, to }: { from: Uint8Array; to: Uint8Array }): Promise<Rotation> {
  const rotation: Rotation = { users: 0, resealed: 0, already: 0, unopened: [] };
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const last = after;
    const found = await withSignIn(db, (tx) =>
      tx.select({ id: users.id }).from(users).where(gt(users.id, last)).orderBy(asc(users.id)).limit(page),
    );
    for (const { id } of found) await rotateUser(db, id, { from, to }, rotation);
    rotation.users += found.length;
    after = found.at(-1)?.id ?? after;
    if (found.length < page) return rotation;
  }
}

async function rotateUser(db: Db, userId: string, { from, to }: { from: Uint8Array; to: Uint8Array }, rotation: Rotation): Promise<void> {
  const done = await withUser(db, userId, async (tx) => {
    const outcome: Omit<Rotation, "users"> = { resealed: 0, already: 0, unopened: [] };
    const own = eq(channels.userId, tx.userId);
    const sealedRows = await tx
      .select({ id: channels.id, sealed: channels.sealed })
      .from(channels)
      .where(and(own, isNotNull(channels.sealed)))
      .for("update");
    for (const { id, sealed } of sealedRows) {
      if (sealed === null) continue;
      const owner = { userId: tx.userId, rowId: id };
      const secret = opened(sealed, from, owner);
      if (secret !== null) {
        await tx
          .update(channels)
          .set({ sealed: sealSecret(secret, to, owner) })
          .where(and(own, eq(channels.id, id)));
        outcome.resealed++;
      } else if (opened(sealed, to, owner) === null) outcome.unopened.push(id);
      else outcome.already++;
    }
    return outcome;
  });
  rotation.resealed += done.resealed;
  rotation.already += done.already;
  rotation.unopened.push(...done.unopened);
}

function opened(...parameters: Parameters<typeof openSecret>): string | null {
  try {
    return openSecret(...parameters);
  } catch {
    return null;
  }
}
