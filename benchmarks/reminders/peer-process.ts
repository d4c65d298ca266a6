import { graphileWorker } from "./graphile-worker-peer.ts";
import { type Delay, delayOf } from "./measurements.ts";
import { pgBoss } from "./pg-boss-peer.ts";
import type { PeerScale } from "./peers.ts";

/** A job queue that is measured beside ours. */
export interface Peer {
  version: string;
  /** Queues jobs of one kind that are due at these moments (milliseconds); a job's number is its place in the list, counted from `from`. */
  add(due: readonly number[], from: number): Promise<void>;
  /** Works until it is stopped; `handle` is told the number of each job as its handler begins. */
  work(handle: (number: number) => void): Promise<{ stop(): Promise<void> }>;
  /** How many jobs that are due have not been settled. */
  unsettled(): Promise<number>;
  close(): Promise<void>;
}

export type OpenPeer = (url: string, schema: string) => Promise<Peer>;

const [name = "", url = "", schema = "", scaleText = "{}"] = process.argv.slice(2);
const open: Record<string, OpenPeer> = { "graphile-worker": graphileWorker, "pg-boss": pgBoss };
const scale = JSON.parse(scaleText) as PeerScale;
const now = () => performance.timeOrigin + performance.now();
const day = 86_400_000;
const chunk = 10_000;

async function addAll(peer: Peer, count: number, due: (index: number) => number): Promise<void> {
  for (let from = 0; from < count; from += chunk) {
    await peer.add(
      Array.from({ length: Math.min(chunk, count - from) }, (_, index) => due(from + index)),
      from,
    );
  }
}

async function startDelay(peer: Peer, perSecond: number): Promise<Delay> {
  const count = perSecond * 10;
  const first = now() + 2_000 + count / 4;
  const delays: number[] = [];
  const done = Promise.withResolvers<void>();
  const working = await peer.work((number) => {
    delays.push(now() - (first + (number * 1000) / perSecond));
    if (delays.length === count) done.resolve();
  });
  await addAll(peer, count, (index) => first + (index * 1000) / perSecond);
  await done.promise;
  await working.stop();
  return delayOf(delays);
}

async function settledPerSecond(peer: Peer): Promise<number> {
  await addAll(peer, scale.future, (index) => now() + day + index * 1_000);
  await addAll(peer, scale.due, () => now() - 1_000);
  const begin = performance.now();
  const working = await peer.work(() => {});
  while ((await peer.unsettled()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  const seconds = (performance.now() - begin) / 1000;
  await working.stop();
  return Math.round(scale.due / seconds);
}

const openPeer = open[name];
if (openPeer === undefined) throw new Error(`no peer is called ${name}`);
const peer = await openPeer(url, schema);
const startDelayMs: Record<string, Delay> = {};
for (const rate of scale.rates) startDelayMs[rate] = await startDelay(peer, rate);
const settled = await settledPerSecond(peer);
await peer.close();
console.log(JSON.stringify({ measured: { version: peer.version, settledPerSecond: settled, startDelayMs } }));
