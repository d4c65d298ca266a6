import { AppError } from "@mema/shared";
import { and, eq, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { type DialogContext, dialogContextSchema, type DialogStatus } from "./dialog-context.ts";
import type { DialogStateRepository } from "./interfaces.ts";
import { dialogStates } from "./schema/index.ts";

const timeoutMs = 30 * 60_000;
const recentResetMs = 5 * 60_000;

const stateOf = (context: DialogContext): "confirm" | "await" =>
  context.kind === "missing_data" || context.kind === "entity_disambiguation" ? "await" : "confirm";

const moved = () =>
  new AppError("CONFLICT", "What the assistant waits for was changed meanwhile: read it again.", {
    issues: [{ path: ["version"], message: "must be the current version" }],
  });

/** What the assistant waits for from the transaction's user. */
export function createDialogStateRepository(tx: UserTransaction): DialogStateRepository {
  const own = eq(dialogStates.userId, tx.userId);
  return {
    async get(now) {
      const [row] = await tx.select().from(dialogStates).where(own);
      if (row === undefined) return { state: "idle", context: null, expiresAt: null, version: 0, recentlyReset: false };
      const overSinceMs = row.expiresAt === null ? null : now.getTime() - row.expiresAt.getTime();
      if (row.state === "idle" || overSinceMs === null || overSinceMs >= 0) {
        const recentlyReset = row.state !== "idle" && overSinceMs !== null && overSinceMs < recentResetMs;
        return { state: "idle", context: null, expiresAt: null, version: row.version, recentlyReset };
      }
      const context = dialogContextSchema.parse(row.context);
      return { state: row.state, context, expiresAt: row.expiresAt, version: row.version, recentlyReset: false };
    },

    async set(version, context, now) {
      const expiresAt = new Date(now.getTime() + timeoutMs);
      const state = stateOf(context);
      const values = { state, context, expiresAt, version: version + 1 };
      const [row] =
        version === 0
          ? await tx
              .insert(dialogStates)
              .values({ ...values, userId: tx.userId })
              .onConflictDoNothing()
              .returning({ version: dialogStates.version })
          : await tx
              .update(dialogStates)
              .set(values)
              .where(and(own, eq(dialogStates.version, version)))
              .returning({ version: dialogStates.version });
      if (row === undefined) throw moved();
      const status: DialogStatus = { state, context, expiresAt, version: row.version, recentlyReset: false };
      return status;
    },

    async reset(version) {
      const changed = await tx
        .update(dialogStates)
        .set({ state: "idle", context: null, expiresAt: null, version: sql`${dialogStates.version} + 1` })
        .where(and(own, eq(dialogStates.version, version)))
        .returning({ version: dialogStates.version });
      if (changed.length === 0) throw moved();
    },
  };
}
