import { createHash, randomBytes } from "node:crypto";

/** What of a token is stored: its SHA-256 in hexadecimal. Tokens are random 256-bit values, so no salt is needed. */
export const hashToken = (token: string): string => createHash("sha256").update(token).digest("hex");

/** The beginning of a token, by which its owner knows it again; too short to help in guessing it. */
export const tokenPrefix = (token: string): string => token.slice(0, 12);

/** A new secret of 256 random bits: `mema_` and 43 letters of base64url. */
export const newToken = (): string => `mema_${randomBytes(32).toString("base64url")}`;
