import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import { type Db, newId, withUser } from "@mema/db";
import type { Caller, TestApi } from "../testing.ts";

export interface FilledMemory {
  userId: string;
  apiKey: string;
  caller: Caller;
  /** A word that is in everything this user wrote, and nowhere else. */
  canary: string;
  conversationId: string;
  messageId: string;
  factId: string;
  entityId: string;
  otherEntityId: string;
  reminderId: string;
  occurrenceId: string;
  channelId: string;
  /** Failed for good: the kind that can be replayed. */
  deliveryId: string;
  /** Under a live lease. */
  leased: { deliveryId: string; leaseToken: string };
  apiKeyId: string;
}

/** A user with something of everything that the API can make. */
export async function fillMemory(api: TestApi, canary: string): Promise<FilledMemory> {
  const { userId, apiKey, caller } = await api.createUser({ name: canary, email: `${canary}@example.org`, timezone: "Europe/Berlin" });
  const conversation = await caller.conversations.create({ title: canary });
  const { message } = await caller.messages.send({
    text: `Remember that Dima ${canary} loves climbing`,
    author: canary,
    conversationId: conversation.id,
    source: "walk",
    externalId: "walk-1",
  });
  const entity = await caller.entities.create({ canonicalName: `${canary} the first`, aliases: [`${canary} alias`] });
  const other = await caller.entities.create({ canonicalName: `${canary} the second` });
  const created = await caller.facts.create({ content: `${canary} is a bird`, entityIds: [entity.id], sourceMessageId: message.id });
  const { fact } = await caller.facts.update({ id: created.id, version: created.version, content: `${canary} is a blue bird` });
  const channel = await caller.channels.create({ type: "log", name: canary });
  const reminder = await caller.reminders.create({
    title: canary,
    rrule: "FREQ=DAILY",
    dtstartLocal: "2026-01-01T08:30:00",
    channelIds: [channel.id],
    entityId: entity.id,
    factId: fact.id,
  });
  await caller.reminders.skip({ id: reminder.id });
  const { items: occurrences } = await caller.reminders.history({ id: reminder.id });
  const { key } = await caller.apiKeys.create({ name: canary });
  await caller.recall.pack({ query: canary, maxTokens: 500, messageId: message.id });

  const failing = await caller.channels.test({ id: channel.id });
  await lease(api, [failing.deliveryId], async (leases) => {
    await api.service.worker.begin({ leases });
    await api.service.worker.fail({ deliveries: leases.map((held) => ({ ...held, outcome: "permanent", error: "gone" })) });
  });
  const waiting = await caller.channels.test({ id: channel.id });
  let token = "";
  await lease(api, [waiting.deliveryId], async ([held]) => {
    token = held?.leaseToken ?? "";
  });
  return {
    userId,
    apiKey,
    caller,
    canary,
    conversationId: conversation.id,
    messageId: message.id,
    factId: fact.id,
    entityId: entity.id,
    otherEntityId: other.id,
    reminderId: reminder.id,
    occurrenceId: occurrences[0]?.id ?? "none",
    channelId: channel.id,
    deliveryId: failing.deliveryId,
    leased: { deliveryId: waiting.deliveryId, leaseToken: token },
    apiKeyId: key.id,
  };
}

type Lease = { userId: string; deliveryId: string; leaseToken: string };

async function lease(api: TestApi, wanted: string[], body: (leases: Lease[]) => Promise<void>): Promise<void> {
  const { deliveries } = await api.service.worker.claim({ workerId: newId(), leaseSeconds: 300 });
  const leases = deliveries.map(({ userId, deliveryId, leaseToken }) => ({ userId, deliveryId, leaseToken }));
  const found = leases.filter(({ deliveryId }) => wanted.includes(deliveryId));
  if (found.length !== wanted.length) throw new Error("the deliveries could not be claimed");
  await body(found);
}

/** Every row of a user in every table that has users' rows, as one hash and a number of rows for each table, read as that user. */
export async function rowsOf(db: Db, userId: string): Promise<Record<string, { rows: number; hash: string }>> {
  return withUser(
    db,
    userId,
    async (tx) => {
      const tables = await tx.execute<{ name: string; columns: string }>(sql`
        select format('%I.%I', n.nspname, c.relname) as name, string_agg(format('%I', a.attname), ', ' order by a.attname) as columns
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
        where c.relkind in ('r', 'p') and c.relrowsecurity and a.attnum > 0 and not a.attisdropped
          and has_column_privilege(c.oid, a.attnum, 'select')
        group by 1 order by 1`);
      const found: Record<string, { rows: number; hash: string }> = {};
      for (const { name, columns } of tables) {
        // When a key was used last is the one thing that a call changes by itself.
        const kept = columns
          .split(", ")
          .filter((column) => column !== "last_used_at" && column !== "last_seen_at")
          .join(", ");
        const rows = await tx.execute<{ row: string }>(sql.raw(`select row(${kept})::text as row from ${name} order by 1`));
        const hash = createHash("sha256").update(rows.map(({ row }) => row).join("\n"));
        found[name] = { rows: rows.length, hash: hash.digest("hex") };
      }
      return found;
    },
    { readOnly: true },
  );
}
