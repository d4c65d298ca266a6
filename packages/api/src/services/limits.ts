import { AppError } from "@mema/shared";
import { createRateLimitRepository, databaseClock, readClock, type UserTransaction } from "@mema/db";

const hourSeconds = 3_600;

/** Counts a message of the user in this hour, in the database, so that the limit holds across servers. TOO_MANY_REQUESTS past it. */
export async function limitMessages(tx: UserTransaction, limit: number): Promise<void> {
  const { allowed, resetAt } = await createRateLimitRepository(tx).count("messages", { limit, windowSeconds: hourSeconds });
  if (allowed) return;
  const now = await readClock(tx, databaseClock);
  throw new AppError(
    "TOO_MANY_REQUESTS",
    `messages: more than ${limit} in this hour. Past conversations go to messages.ingest, which has no such limit.`,
    {
      retryAfterSeconds: Math.max(1, Math.ceil((resetAt.getTime() - now.getTime()) / 1000)),
      issues: [{ path: ["messages"], message: "too many in this hour: wait, or use messages.ingest for past conversations", limit }],
    },
  );
}
