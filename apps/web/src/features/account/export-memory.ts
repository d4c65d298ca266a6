import type { MemaClient } from "@mema/api/client";

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

async function all<Item>(page: (cursor: string | undefined) => Promise<Page<Item>>, told: (count: number) => void): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const next = await page(cursor);
    items.push(...next.items);
    told(next.items.length);
    cursor = next.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

/**
 * Everything that the server keeps of the signed-in user, as one JSON text: profile, conversations, messages, facts of every version,
 * people and things, reminders with what became of them, deliveries, channels and the names of keys (no secret). Every list is read to its end; `told`
 * hears how many entries there are so far.
 */
export async function exportMemory(client: MemaClient, nowMs: number, told: (count: number) => void): Promise<string> {
  const limit = 100;
  let count = 0;
  const add = (more: number) => told((count += more));
  const reminders = await all((cursor) => client.reminders.list.query({ cursor, limit }), add);
  const histories: unknown[] = [];
  for (const { id } of reminders) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: the server serves others too
    histories.push(...(await all((cursor) => client.reminders.history.query({ id, cursor, limit }), add)));
  }
  const memory = {
    format: "mema-export/1",
    exportedAt: new Date(nowMs).toISOString(),
    user: await client.users.me.query(),
    conversations: await all((cursor) => client.conversations.list.query({ cursor, limit }), add),
    messages: await all((cursor) => client.messages.list.query({ cursor, limit, order: "oldest" }), add),
    facts: [
      ...(await all((cursor) => client.facts.list.query({ status: "active", cursor, limit }), add)),
      ...(await all((cursor) => client.facts.list.query({ status: "outdated", cursor, limit }), add)),
    ],
    entities: await all((cursor) => client.entities.list.query({ cursor, limit }), add),
    reminders,
    reminderOccurrences: histories,
    deliveries: await all((cursor) => client.reminders.deliveries.query({ cursor, limit }), add),
    channels: await all((cursor) => client.channels.list.query({ cursor, limit }), add),
    apiKeys: (await client.apiKeys.list.query()).items,
  };
  return JSON.stringify(memory, null, 2);
}
