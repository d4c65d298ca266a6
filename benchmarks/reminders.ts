import { loadReminders } from "./reminders/load.ts";
import { type Delay, othersFirstDelivery, recovery, settledPerSecond, soak, startDelay } from "./reminders/measurements.ts";
import { measurePeers } from "./reminders/peers.ts";
import { leaseSeconds, openStage, type Stage } from "./reminders/stage.ts";

const full = { users: 1_000, due: 50_000, future: 500_000, fairness: 100_000, rates: [1, 100, 1_000] };
/** With --quick, and on the embedded engine, which serves one connection. */
const small = { users: 101, due: 2_020, future: 10_100, fairness: 5_000, rates: [1, 100] };

const day = 86_400_000;
/** Progress goes to stderr: the last line of stdout is for programs. */
const tell = (line: string): void => console.error(line);

/**
 * Reminders through real processes: a server on the database, workers over HTTP, deliveries to the log channel, which does nothing. Each
 * delivery is a whole one: claim, begin and settlement of a reminder with its occurrence, attempt and event, written as its user under
 * row-level security.
 */
export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const stage = await openStage(({ embedded }) => (embedded || parameters.includes("--quick") ? small.users : full.users));
  try {
    if (parameters.includes("--soak")) return { engine: stage.engine, report: { soak: await soak(stage, 100, 10) } };
    return {
      engine: stage.engine,
      report: await measureAll(stage, parameters.includes("--quick") || stage.ownerUrl === null ? small : full),
    };
  } finally {
    await stage.close();
  }
}

async function measureAll(stage: Stage, scale: typeof full): Promise<object> {
  const startDelayMs: Record<string, Delay> = {};
  const { program } = await stage.startWorker();
  // Programs that have just started compile what they run: the first seconds are not what a day is like.
  await startDelay(stage, scale.rates[1] ?? 1, 3);
  for (const rate of scale.rates) {
    const delay = await startDelay(stage, rate, rate === 1 ? 20 : 10);
    startDelayMs[rate] = delay;
    tell(`start delay at ${rate} due a second: p50 ${delay.p50} ms, p99 ${delay.p99} ms`);
  }
  await program.end("SIGTERM");
  const recoverySeconds = await recovery(stage, scale.due / 10);
  tell(`recovery after kill -9: ${recoverySeconds.toFixed(2)} s (lease ${leaseSeconds} s)`);

  const loading = performance.now();
  const begin = Date.now() + day;
  const future = await stage.withDatabase((db) =>
    loadReminders(db, {
      users: stage.users,
      perUser: () => scale.future / scale.users,
      due: () => ({ first: begin, step: (30 * day * scale.users) / scale.future }),
    }),
  );
  tell(`${future.size} future reminders loaded in ${Math.round((performance.now() - loading) / 1000)} s`);
  const settled = await settledPerSecond(stage, scale.due, 1);
  tell(`settled with one worker process: ${settled} a second (${scale.due} due among ${future.size} future)`);
  const settledByThree = await settledPerSecond(stage, scale.due, 3);
  tell(`settled with three worker processes: ${settledByThree} a second`);
  const othersFirstDeliverySeconds = await othersFirstDelivery(stage, scale.fairness);
  tell(`others' first delivery, one user having 99 % of ${scale.fairness} due: ${othersFirstDeliverySeconds.toFixed(2)} s`);
  const { users, due } = scale;
  const peers =
    stage.ownerUrl === null ? {} : await measurePeers(stage.ownerUrl, { due, future: future.size, rates: scale.rates.slice(1) }, tell);
  return {
    startDelayMs,
    settledPerSecond: settled,
    settledPerSecondByThree: settledByThree,
    recoverySeconds,
    leaseSeconds,
    othersFirstDeliverySeconds,
    peers,
    scale: { users, due, future: future.size, fairness: scale.fairness },
  };
}
