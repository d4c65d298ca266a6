import { createHash } from "node:crypto";
import { AppError } from "@mema/shared";
import { lt, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import type { RateLimitRepository } from "./interfaces.ts";
import { rateLimits } from "./schema/index.ts";

/** The rate limits of the transaction's user, counted in the database and so the same for every server. */
export function createRateLimitRepository(tx: UserTransaction): RateLimitRepository {
  return {
    async count(bucket, { limit, windowSeconds, amount = 1 }) {
      // The table has no user: the hash over user and bucket keeps users apart and names nobody.
      const hash = createHash("sha256").update(`${tx.userId}\n${bucket}\n${windowSeconds}`).digest("hex");
      const [row] = await tx
        .insert(rateLimits)
        .values({
          bucket: hash,
          windowStart: sql`to_timestamp(floor(extract(epoch from clock_timestamp()) / ${windowSeconds}::int) * ${windowSeconds}::int)`,
          count: amount,
        })
        .onConflictDoUpdate({ target: [rateLimits.bucket, rateLimits.windowStart], set: { count: sql`${rateLimits.count} + ${amount}` } })
        .returning({ count: rateLimits.count, windowStart: rateLimits.windowStart });
      if (row === undefined) throw new AppError("INTERNAL", "Nothing was counted.");
      return {
        allowed: row.count <= limit,
        remaining: Math.max(0, limit - row.count),
        resetAt: new Date(row.windowStart.getTime() + windowSeconds * 1000),
      };
    },

    async deleteExpired() {
      const gone = await tx
        .delete(rateLimits)
        .where(lt(rateLimits.windowStart, sql`now() - interval '1 day'`))
        .returning({ windowStart: rateLimits.windowStart });
      return gone.length;
    },
  };
}
