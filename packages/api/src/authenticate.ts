import { AppError } from "@mema/shared";
import { findCredential, hashToken, withSignIn } from "@mema/db";
import type { Actor, Context } from "./context.ts";

/** The same words whether a key never existed, was revoked or has expired. */
const refused = "The key is unknown, revoked or expired.";
const longestCredential = 512;

/**
 * Finds out whose credential a request carries. Throws UNAUTHORIZED when it opens nothing, FORBIDDEN when its user is blocked or waiting.
 */
export async function authenticate(ctx: Context): Promise<Actor> {
  const { credential } = ctx.request;
  if (credential === null) throw new AppError("UNAUTHORIZED", "No key was given: send the header `Authorization: Bearer mema_...`.");
  if (credential.length > longestCredential) throw new AppError("UNAUTHORIZED", refused);
  const hash = hashToken(credential);
  const kind = ctx.services.serverKeys.find(hash);
  if (kind !== null) return { type: kind, id: null };
  const found = await withSignIn(ctx.services.db, (tx) => findCredential(tx, hash));
  if (found === null || found.state !== "valid") throw new AppError("UNAUTHORIZED", refused);
  if (!("userId" in found)) return { type: found.kind, id: found.id };
  if (found.userStatus === "blocked") throw new AppError("FORBIDDEN", "This account is blocked.");
  if (found.userStatus === "waitlist") throw new AppError("FORBIDDEN", "This account is on the waiting list.");
  const { id, userId, scopes } = found;
  return { type: found.kind === "session" ? "user" : "api_key", userId, id, scopes };
}
