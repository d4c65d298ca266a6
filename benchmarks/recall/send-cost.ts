import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemaClient } from "@mema/api/client";
import { freePort } from "@mema/db/cluster";
import { Program } from "../reminders/programs.ts";
import { percentile } from "./metrics.ts";
import { createSpeech } from "./speech.ts";

const apiKey = "mema_user_key_of_the_benchmark_0123456789";
const warmUp = 30;
const messages = 300;

export interface SendCost {
  indexedMs: { p50: number; p95: number };
  unindexedMs: { p50: number; p95: number };
  /** Of the medians. */
  ratio: number;
}

/**
 * What the search's index costs `messages.send`: two servers on one database, one of them with the index left out, get the same messages
 * over HTTP in turns.
 */
export async function sendCost(ownerUrl: string): Promise<SendCost> {
  const folder = mkdtempSync(join(tmpdir(), "mema-benchmark-"));
  const start = async (options: Record<string, string>) => {
    const port = await freePort();
    const environment = {
      DATABASE_URL: ownerUrl,
      MEMA_DATA_DIR: folder,
      PORT: String(port),
      MEMA_WORKER: "off",
      MEMA_BOOTSTRAP_KEY: apiKey,
      MEMA_MESSAGES_PER_HOUR: "1000000",
      LOG_LEVEL: "warn",
      ...options,
    };
    const program = new Program("server", { environment }, "Mema is ready.");
    await program.ready;
    return { program, client: createMemaClient({ url: `http://127.0.0.1:${port}`, apiKey }) };
  };
  const indexed = await start({});
  const unindexed = await start({ NODE_OPTIONS: `--import=${new URL("without-index.ts", import.meta.url).href}` });
  try {
    const speech = createSpeech(7);
    const taken = new Map([indexed, unindexed].map((server) => [server, [] as number[]]));
    for (let turn = 0; turn < warmUp + messages; turn++) {
      const text = speech.sentence();
      for (const [{ client }, latencies] of taken) {
        const before = performance.now();
        await client.messages.send.mutate({ text });
        if (turn >= warmUp) latencies.push(performance.now() - before);
      }
    }
    const [indexedMs, unindexedMs] = [indexed, unindexed].map((server) => {
      const latencies = taken.get(server) ?? [];
      return { p50: percentile(latencies, 0.5), p95: percentile(latencies, 0.95) };
    });
    if (indexedMs === undefined || unindexedMs === undefined) throw new Error("nothing was sent");
    await indexed.client.messages.send.mutate({ text: "aardvark" });
    await unindexed.client.messages.send.mutate({ text: "zeppelin" });
    const found = async (query: string) => (await indexed.client.recall.search.query({ query })).results.length;
    if ((await found("aardvark")) !== 1 || (await found("zeppelin")) !== 0) throw new Error("the two servers do not differ by the index");
    return { indexedMs, unindexedMs, ratio: Math.round((indexedMs.p50 / unindexedMs.p50) * 100) / 100 };
  } finally {
    await Promise.all([indexed.program.end("SIGTERM"), unindexed.program.end("SIGTERM")]);
    rmSync(folder, { recursive: true, force: true });
  }
}
