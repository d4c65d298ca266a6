import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type { RuntimeUrls } from "../connection/client.ts";
import type { RuntimeRole } from "./access-matrix.ts";

export type Passwords = Partial<Record<RuntimeRole, string | undefined>>;

/**
 * The password of a runtime login: the one given, else derived from the owner's, so that everyone who may connect as owner knows it and
 * nobody resets another's. Null when the owner connects without one (trust, peer): then the login has none either.
 */
export function runtimePassword(ownerUrl: string, role: RuntimeRole, given: Passwords): string | null {
  const owner = decodeURIComponent(new URL(ownerUrl).password);
  return given[role] ?? (owner === "" ? null : createHmac("sha256", owner).update(`mema:${role}`).digest("base64url"));
}

/** The owner's URL with the login and password of each runtime role. */
export function deriveRuntimeUrls(ownerUrl: string, given: Passwords = {}): RuntimeUrls {
  const as = (role: RuntimeRole): string => {
    const url = new URL(ownerUrl);
    url.username = role;
    url.password = encodeURIComponent(runtimePassword(ownerUrl, role, given) ?? "");
    return url.href;
  };
  return { app: as("mema_app"), worker: as("mema_worker"), auth: as("mema_auth") };
}

/** A SCRAM-SHA-256 verifier as PostgreSQL stores it (RFC 5803), so that the password itself never travels in a statement or its log. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const iterations = 4096;
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
}
