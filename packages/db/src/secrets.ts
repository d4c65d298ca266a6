import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { AppError } from "@mema/shared";

/** The row that a secret belongs to. It is bound to both ids: copied to another row or user, it does not open. */
export interface SecretOwner {
  userId: string;
  rowId: string;
}

const version = "v1";
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts a secret for its row (AES-256-GCM, random nonce, associated data = user and row id). `key` is 32 bytes.
 * The result is `v1.` and base64url of nonce, tag and ciphertext.
 */
export function sealSecret(secret: string, key: Uint8Array, owner: SecretOwner): string {
  checkKey(key);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(associatedData(owner));
  const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
  return `${version}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url")}`;
}

/** Opens what `sealSecret` made. Throws PRECONDITION_FAILED when the key, the user or the row is another, or the text was changed. */
export function openSecret(sealed: string, key: Uint8Array, owner: SecretOwner): string {
  checkKey(key);
  const [prefix, body = ""] = sealed.split(".");
  const bytes = Buffer.from(body, "base64url");
  try {
    if (prefix !== version || bytes.length < ivBytes + tagBytes) throw new Error("not a sealed secret");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    decipher.setAAD(associatedData(owner));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new AppError("PRECONDITION_FAILED", "A stored secret cannot be opened: MEMA_SECRET_KEY is not the one that sealed it.", {
      cause,
    });
  }
}

function associatedData({ userId, rowId }: SecretOwner): Buffer {
  return Buffer.from(`${userId.toLowerCase()}/${rowId.toLowerCase()}`, "utf8");
}

function checkKey(key: Uint8Array): void {
  if (key.length !== keyBytes) throw new AppError("INTERNAL", `MEMA_SECRET_KEY must be ${keyBytes} bytes.`);
}
