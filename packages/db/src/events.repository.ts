import { badInput } from "@mema/shared";
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { UserTransaction } from "./connection/access.ts";
import { compileStatement } from "./connection/queries.ts";
import type { EventRepository } from "./interfaces.ts";
import { newId } from "./schema/base.ts";
import { eventHeads, events } from "./schema/index.ts";

const longestRead = 500;

/** The events of the transaction's user. */
export function createEventRepository(tx: UserTransaction): EventRepository {
  return {
    async append(added) {
      if (added.length === 0) return;
      const rows = added.map(({ type, payload = {}, actor, actorId = null, requestId = null }) => ({
        id: newId(),
        type,
        payload,
        actor,
        actorId,
        requestId,
      }));
      await appendEvents(tx, { count: rows.length, events: JSON.stringify(rows) });
    },

    async listAfter(seq, limit = longestRead) {
      if (!Number.isInteger(limit) || limit < 1 || limit > longestRead) {
        throw badInput("limit", `must be a whole number from 1 to ${longestRead}`, longestRead);
      }
      return tx
        .select()
        .from(events)
        .where(and(eq(events.userId, tx.userId), gt(events.seq, seq)))
        .orderBy(asc(events.seq))
        .limit(limit);
    },

    async lastSeq() {
      const [head] = await tx.select({ lastSeq: eventHeads.lastSeq }).from(eventHeads).where(eq(eventHeads.userId, tx.userId));
      return head?.lastSeq ?? 0;
    },
  };
}

const owner = sql`${sql.placeholder("userId")}::uuid`;
const count = sql`${sql.placeholder("count")}::bigint`;

const appendEvents = compileStatement(sql`
  with head as (
    insert into event_heads (user_id, last_seq) values (${owner}, ${count})
    on conflict (user_id) do update set last_seq = event_heads.last_seq + excluded.last_seq
      where event_heads.user_id = excluded.user_id
    returning last_seq
  )
  insert into events (user_id, id, seq, type, payload, actor, actor_id, request_id)
  select ${owner}, event.id, head.last_seq - ${count} + event.place, event.type, event.payload, event.actor, event.actor_id,
    event.request_id
  from head, rows from (jsonb_to_recordset(${sql.placeholder("events")}::jsonb)
    as (id uuid, type text, payload jsonb, actor text, "actorId" uuid, "requestId" text)) with ordinality
    as event(id, type, payload, actor, actor_id, request_id, place)`);
