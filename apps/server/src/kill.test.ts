import { testEnvironment } from "@mema/db/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, dataOf } from "./testing/http-call.ts";
import { createServerHome, type ServerHome, type ServerProcess } from "./testing/server-process.ts";

const kills = testEnvironment.scale === "full" ? 20 : 3;
const keys = { MEMA_BOOTSTRAP_KEY: "bootstrap-key-of-this-test-0123456789", MEMA_MESSAGES_PER_HOUR: "1000000" };
const key = keys.MEMA_BOOTSTRAP_KEY;
let home: ServerHome;
beforeAll(async () => {
  home = await createServerHome();
});
afterAll(() => home.remove());

/** Writes from four clients until the server is gone; returns what it acknowledged: message id by external id. */
async function writeUntilKilled(server: ServerProcess, round: number, killAfter: number): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  const write = async (client: number): Promise<void> => {
    for (let at = 0; ; at++) {
      const externalId = `${round}-${client}-${at}`;
      const input = { text: `Remember that number ${externalId} is mine`, source: "kill", externalId };
      const reply = await call(server.url, "messages.send", input, { key }).catch(() => null);
      if (reply === null) return;
      acknowledged.set(externalId, (dataOf(reply)["message"] as { id: string }).id);
      // The other three are in the middle of a write.
      if (acknowledged.size === killAfter) void server.end("SIGKILL");
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
  await server.ended;
  return acknowledged;
}

async function everything(url: string, procedure: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (let cursor: unknown = undefined; cursor !== null;) {
    const page = dataOf(await call(url, procedure, { limit: 100, ...(cursor === undefined ? {} : { cursor }) }, { key }));
    found.push(...(page["items"] as Record<string, unknown>[]));
    cursor = page["nextCursor"];
  }
  return found;
}

test(`nothing acknowledged is lost or halved over ${kills} kills of the server during writes`, { timeout: 30_000 * kills }, async () => {
  const acknowledged = new Map<string, string>();
  for (let round = 1; round <= kills; round++) {
    const server = await home.start(keys);
    for (const [externalId, id] of await writeUntilKilled(server, round, 10 + 3 * (round % 10))) acknowledged.set(externalId, id);
  }
  const { url } = await home.start(keys);
  const messages = await everything(url, "messages.list");
  const facts = await everything(url, "facts.list");
  const stored = new Map(messages.map(({ externalId, id }) => [externalId, id]));
  expect(acknowledged.size).toBeGreaterThanOrEqual(10 * kills);
  expect([...acknowledged].filter(([externalId, id]) => stored.get(externalId) !== id)).toEqual([]);
  // A message and the fact it became are one transaction, also where the answer never arrived.
  const understood = new Set(facts.map(({ sourceMessageId }) => sourceMessageId));
  expect(messages.filter(({ id, processingStatus }) => !understood.has(id) || processingStatus !== "processed")).toEqual([]);
  expect(facts).toHaveLength(messages.length);
});
