import { AppError } from "@mema/shared";
import { findCredential, hashToken, withSignIn } from "@mema/db";
import type { Actor, Context } from "./context.ts";

/** The same words whether a key never existed, was revoked or has expired. */
const refused = "The key is unknown, revoked or expired.";
const longestCredential = 512;

/**
 * Finds out whose credential a request carries. Throws UNAUTHORIZED when it opens nothing, FORBIDDEN when its user is blocked or waiting,
 * TOO_MANY_REQUESTS when too many from the same address opened nothing.
 */
export async function authenticate(ctx: Context): Promise<Actor> {
  const { address, credential } = ctx.request;
  const { db, serverKeys, signInGuard } = ctx.services;
  if (credential === null) throw new AppError("UNAUTHORIZED", "No key was given: send the header `Authorization: Bearer mema_...`.");
  if (credential.length > longestCredential) throw new AppError("UNAUTHORIZED", refused);
  const hash = hashToken(credential);
  const kind = serverKeys.find(hash);
  if (kind !== null) return { type: kind, id: null };
  signInGuard.check(address, hash);
  const found = await withSignIn(db, (tx) => findCredential(tx, hash));
  if (found === null || found.state !== "valid") {
    signInGuard.failed(address, hash);
    throw new AppError("UNAUTHORIZED", refused);
  }
  signInGuard.passed(hash);
  if (!("userId" in found)) return { type: found.kind, id: found.id };
  if (found.userStatus === "blocked") throw new AppError("FORBIDDEN", "This account is blocked.");
  if (found.userStatus === "waitlist") throw new AppError("FORBIDDEN", "This account is on the waiting list.");
  const { id, userId, scopes } = found;
  return { type: found.kind === "session" ? "user" : "api_key", userId, id, scopes };
}
