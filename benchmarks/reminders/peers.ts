import postgres from "postgres";
import { Program } from "./programs.ts";

const names = ["graphile-worker", "pg-boss"] as const;

export interface PeerScale {
  due: number;
  future: number;
  /** Jobs due a second, for the start delay. */
  rates: readonly number[];
}

/**
 * Two job queues on the same database, each in a process of its own with a direct connection and the settings that its documentation
 * recommends for throughput: jobs that do nothing. They keep no attempts, no events and no users; what a user's data costs is not in them.
 */
export async function measurePeers(ownerUrl: string, scale: PeerScale, tell: (line: string) => void): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of names) {
    const schema = `mema_benchmark_${name.replace("-", "_")}`;
    const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} });
    try {
      await owner.unsafe(`drop schema if exists ${schema} cascade`);
      const peer = new Program("peer", { parameters: [name, ownerUrl, schema, JSON.stringify(scale)] }, "measured");
      const { measured } = JSON.parse(await peer.ready) as { measured: { settledPerSecond: number; startDelayMs: unknown } };
      await peer.end("SIGTERM");
      found[name] = measured;
      tell(`${name}: ${measured.settledPerSecond} settled a second, start delay ${JSON.stringify(measured.startDelayMs)} ms`);
    } finally {
      await owner.unsafe(`drop schema if exists ${schema} cascade`);
      await owner.end();
    }
  }
  return found;
}
