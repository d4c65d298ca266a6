import { type Db, withWorker } from "@mema/db";
import { sql } from "drizzle-orm";
import { type Load, loadReminders } from "./load.ts";
import type { Stage } from "./stage.ts";

export interface Delay {
  p50: number;
  p99: number;
}

const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? Number.NaN;
const tenths = (value: number): number => Math.round(value * 10) / 10;

export const delayOf = (delays: readonly number[]): Delay => ({ p50: tenths(quantile(delays, 0.5)), p99: tenths(quantile(delays, 0.99)) });

/** This machine's clock, in milliseconds. */
const now = () => performance.timeOrigin + performance.now();

const atOnce =
  (at: number): Load["due"] =>
  () => ({ first: at, step: 0 });
const load = (stage: Stage, loaded: Load): Promise<Map<string, number>> => stage.withDatabase((db) => loadReminders(db, loaded));

/** Loads what comes due at a steady rate from a moment on that lies ahead. */
async function loadSteadily(stage: Stage, perSecond: number, count: number): Promise<Map<string, number>> {
  const users = stage.users.slice(0, Math.min(count, 100));
  const step = 1000 / perSecond;
  for (let ahead = 3_000 + count / 2; ; ahead *= 3) {
    const first = now() + ahead;
    const due = await load(stage, {
      users,
      perUser: (index) => Math.floor((count - index - 1) / users.length) + 1,
      due: (index) => ({ first: first + index * step, step: step * users.length }),
    });
    // On a slow machine that was too late to measure the first ones: once more, further ahead.
    if (now() < first) return due;
    await stage.starts.all([...due.keys()]);
  }
}

/** Milliseconds from due to the start of the handler, at a steady rate, with one worker. */
export async function startDelay(stage: Stage, perSecond: number, seconds: number): Promise<Delay> {
  const due = await loadSteadily(stage, perSecond, perSecond * seconds);
  const starts = await stage.starts.all([...due.keys()]);
  return delayOf([...due].map(([id, at]) => (starts.get(id) ?? Number.NaN) - at));
}

/** Claim-to-settled throughput: from the moment the first worker says that it has started until nothing is due or in flight. */
export async function settledPerSecond(stage: Stage, count: number, workers: number): Promise<number> {
  const each = Math.ceil(count / stage.users.length);
  const loaded = await load(stage, { users: stage.users, perUser: () => each, due: atOnce(now() - 1_000) });
  const begun = Promise.withResolvers<number>();
  const running = await Promise.all(
    Array.from({ length: workers }, async () => {
      const { program } = await stage.startWorker({ quiet: true });
      begun.resolve(performance.now());
      return program;
    }),
  );
  await Promise.race([stage.settled(), ...running.map((program) => program.ended())]);
  const seconds = (performance.now() - (await begun.promise)) / 1000;
  await Promise.all(running.map((program) => program.end("SIGTERM")));
  return Math.round(loaded.size / seconds);
}

/** Seconds from a kill -9 until another worker has started the last of what the dead one held. */
export async function recovery(stage: Stage, count: number): Promise<number> {
  for (;;) {
    const each = Math.ceil(count / stage.users.length);
    const loaded = await load(stage, { users: stage.users, perUser: () => each, due: atOnce(now() - 1_000) });
    const { program: doomed, workerId } = await stage.startWorker();
    await stage.starts.first([...loaded.keys()]);
    await doomed.end("SIGKILL");
    const killedAt = now();
    const held = await stage.withDatabase((db) => heldBy(db, workerId));
    stage.starts.clear();
    const { program: survivor } = await stage.startWorker();
    const starts = await stage.starts.all(held);
    await stage.settled();
    await survivor.end("SIGTERM");
    if (held.length > 0) return (Math.max(...starts.values()) - killedAt) / 1000;
  }
}

async function heldBy(db: Db, workerId: string): Promise<string[]> {
  const held = sql`settled_at is null and status = 'sending' and lease_owner = ${workerId}::uuid`;
  const rows = await withWorker(db, (tx) => tx.execute<{ id: string }>(sql`select id from reminder_deliveries where ${held}`), {
    readOnly: true,
  });
  return rows.map(({ id }) => id);
}

/** Seconds until each of 100 users got the first of theirs while another user has 99 % of everything that is due. */
export async function othersFirstDelivery(stage: Stage, count: number): Promise<number> {
  const [greedy, ...others] = stage.users.slice(0, 101);
  if (greedy === undefined) throw new Error("no user");
  const each = Math.round((count * 0.01) / others.length);
  const past = now() - 1_000;
  const firsts = await stage.withDatabase(async (db) => {
    await loadReminders(db, { users: [greedy], perUser: () => count - each * others.length, due: atOnce(past - 60_000) });
    const found: string[][] = [];
    for (const user of others) found.push([...(await loadReminders(db, { users: [user], perUser: () => each, due: atOnce(past) })).keys()]);
    return found;
  });
  const { program } = await stage.startWorker();
  const begin = now();
  const times = await Promise.all(firsts.map((ids) => stage.starts.first(ids)));
  await program.end("SIGKILL");
  return (Math.max(...times) - begin) / 1000;
}

/** Resident memory of server and worker over a long run at a steady rate, sampled every 10 s. */
export async function soak(stage: Stage, perSecond: number, minutes: number): Promise<object> {
  const { program: worker } = await stage.startWorker({ quiet: true });
  const count = perSecond * minutes * 60;
  await loadSteadily(stage, perSecond, count);
  const samples: { atSeconds: number; serverMb: number | null; workerMb: number | null }[] = [];
  const begin = performance.now();
  const sample = () =>
    samples.push({
      atSeconds: Math.round((performance.now() - begin) / 1000),
      serverMb: stage.server.megabytes,
      workerMb: worker.megabytes,
    });
  sample();
  const timer = setInterval(sample, 10_000);
  await Promise.race([stage.settled(), worker.ended()]);
  clearInterval(timer);
  sample();
  await worker.end("SIGTERM");
  return { minutes, perSecond, deliveries: count, samples };
}
