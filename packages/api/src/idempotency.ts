import { createHash } from "node:crypto";
import { createIdempotencyKeyRepository, type UserTransaction } from "@mema/db";
import { AppError, badInput } from "@mema/shared";

const ttlSeconds = 86_400;
const longestKey = 255;

/** One request under an `Idempotency-Key`. */
export interface Once {
  /** The stored answer, when this request was carried out before. */
  replay: { response: unknown } | null;
  /** Keeps the answer of the first request for a day. */
  store(response: unknown): Promise<void>;
}

/**
 * Takes the key for the rest of the transaction; a second request with it waits for the first to end. Throws BAD_REQUEST on the key in a
 * batch or of a wrong length, CONFLICT when it was used for another request or its answer has been forgotten.
 */
export async function openIdempotency(
  tx: UserTransaction,
  request: { key: string; batched: boolean; path: string; rawInput: unknown },
): Promise<Once> {
  const { key, batched, path, rawInput } = request;
  if (batched) throw badInput("Idempotency-Key", "cannot be used on a batch: send this call alone");
  if (key.length === 0 || key.length > longestKey) {
    throw badInput("Idempotency-Key", `must have 1 to ${longestKey} characters`, longestKey);
  }
  const requestFingerprint = createHash("sha256")
    .update(JSON.stringify([path, rawInput ?? null]))
    .digest("hex");
  const keys = createIdempotencyKeyRepository(tx);
  const outcome = await keys.begin({ key, procedure: path, requestFingerprint, ttlSeconds });
  if (outcome.kind === "first") return { replay: null, store: (response) => keys.complete(key, response) };
  if (outcome.response === null) throw new AppError("CONFLICT", "This request was carried out; its answer has been forgotten since.");
  return { replay: { response: outcome.response }, store: async () => {} };
}
