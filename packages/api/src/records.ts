import { createAuditLogRepository, createEventRepository, type UserTransaction } from "@mema/db";
import type { Actor, Context, Recorded } from "./context.ts";

type UserContext = Context & { actor: Extract<Actor, { type: "api_key" | "user" }> };

/** Writes what a transaction did as audit rows and as numbered events, and announces them when it commits. */
export async function writeRecords(ctx: UserContext, tx: UserTransaction, path: string, records: readonly Recorded[]): Promise<void> {
  if (records.length === 0) return;
  const { actor, request } = ctx;
  const who = { actor: actor.type, actorId: actor.id, requestId: request.requestId };
  const auditLog = createAuditLogRepository(tx);
  for (const { type: action, payload } of records) await auditLog.append({ ...who, action, resource: path, metadata: payload });
  // Last: it locks the user's numbering until the commit.
  await createEventRepository(tx).append(records.map((event) => ({ ...who, ...event })));
  tx.signal("events", tx.userId);
}
