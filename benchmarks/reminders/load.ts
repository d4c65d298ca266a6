import { type Db, type UserTransaction, withUser } from "@mema/db";
import { sql } from "drizzle-orm";
import type { BenchmarkUser } from "./stage.ts";

export interface Load {
  users: readonly BenchmarkUser[];
  /** How many reminders of each user. */
  perUser: (index: number) => number;
  /** When a user's first reminder is due, and how much later each further one, in milliseconds. */
  due: (index: number) => { first: number; step: number };
}

/**
 * Reminders with their occurrence and its delivery in the outbox, one statement for each user: what expansion leaves behind. Returns when
 * each delivery is due, by id, in milliseconds.
 */
export async function loadReminders(db: Db, { users, perUser, due: dueOf }: Load): Promise<Map<string, number>> {
  const due = new Map<string, number>();
  const rest = users.map((user, index) => ({ user, index }));
  const loader = async () => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const { user, index } = next;
      const count = perUser(index);
      if (count === 0) continue;
      const rows = await withUser(db, user.userId, (tx) => insert(tx, user, count, dueOf(index)), { deadlineMs: 120_000 });
      for (const { id, due_ms: ms } of rows) due.set(id, Number(ms));
    }
  };
  await Promise.all(Array.from({ length: 3 }, loader));
  return due;
}

async function insert(
  tx: UserTransaction,
  { userId, channelId }: BenchmarkUser,
  count: number,
  { first, step }: { first: number; step: number },
) {
  const rows = await tx.execute<{ id: string; due_ms: string }>(sql`
    with rule as (
      insert into reminders (user_id, title, kind, dtstart_local, tz, next_occurrence_at, channel_ids, tzdata_version)
      select ${userId}::uuid, 'benchmark', 'once', at at time zone 'UTC', 'UTC', at, array[${channelId}::uuid], ${process.versions.tz ?? null}
      from generate_series(0, ${count}::integer - 1) as k,
        lateral (select to_timestamp((${first}::double precision + k * ${step}::double precision) / 1000)::timestamptz(3) as at) due
      returning id, next_occurrence_at as at
    ),
    occurrence as (
      insert into reminder_occurrences (user_id, reminder_id, occurrence_at)
      select ${userId}::uuid, id, at from rule returning id, reminder_id, occurrence_at as at
    )
    insert into reminder_deliveries (user_id, reminder_id, occurrence_id, channel_id, step, due_at, next_attempt_at, expires_at, reminder_version)
    select ${userId}::uuid, reminder_id, id, ${channelId}::uuid, 'alert:0', at, at, at + interval '1 day', 1 from occurrence
    returning id, (extract(epoch from due_at) * 1000)::bigint as due_ms`);
  tx.signal("due");
  return rows;
}
