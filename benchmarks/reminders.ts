import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  createChannelRepository,
  createDbClient,
  createDeliveryRepository,
  createUserRepository,
  type Db,
  type NewDelivery,
  newId,
  withUser,
} from "@mema/db";
import { openBenchmarkDatabase } from "./database.ts";

const programs = {
  server: fileURLToPath(new URL("../apps/server/src/main.ts", import.meta.url)),
  worker: fileURLToPath(new URL("../apps/worker/src/main.ts", import.meta.url)),
};
const serviceKey = "mema_service_key_of_the_benchmark";
const leaseSeconds = 10;
const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? Number.NaN;

/** Handler starts, by delivery, in milliseconds of this machine's clock: the worker writes one line for each. */
type Starts = Map<string, number>;

class Program {
  readonly child: ChildProcess;
  readonly #ready: Promise<void>;

  constructor(
    program: keyof typeof programs,
    environment: Record<string, string>,
    readyWhen: string,
    onLine: (line: string) => void = () => {},
  ) {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MEMA_|DATABASE_URL)/.test(name)));
    this.child = spawn(process.execPath, [programs[program]], {
      env: { ...inherited, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ready = Promise.withResolvers<void>();
    this.#ready = ready.promise;
    this.child.once("exit", (code) => ready.reject(new Error(`${program} ended with ${code}`)));
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        if (line.includes(readyWhen)) ready.resolve();
        onLine(line);
      });
    }
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill(signal);
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

interface Stage {
  db: Db;
  port: number;
  users: { userId: string; channelId: string }[];
  starts: Starts;
  /** Called at each start. */
  onStart: () => void;
}

async function addUsers(db: Db, count: number): Promise<Stage["users"]> {
  const users = [];
  for (let user = 0; user < count; user += 1) {
    const userId = newId();
    const channelId = await withUser(db, userId, async (tx) => {
      await createUserRepository(tx).create({});
      return (await createChannelRepository(tx).create({ type: "log", name: "benchmark", verifiedAt: new Date() })).id;
    });
    users.push({ userId, channelId });
  }
  return users;
}

/** Puts deliveries into the outbox, spread over users; the steps of tests need no reminder. Returns when each is due, by id. */
async function enqueue(stage: Stage, dueAt: (index: number) => Date, count: number, users = stage.users): Promise<Map<string, number>> {
  const due = new Map<string, number>();
  const rows = users.map((): NewDelivery[] => []);
  for (let index = 0; index < count; index += 1) {
    const at = dueAt(index);
    const id = newId();
    due.set(id, at.getTime());
    const user = users[index % users.length];
    if (user === undefined) continue;
    const expiresAt = new Date(at.getTime() + 86_400_000);
    rows[index % users.length]?.push({
      id,
      channelId: user.channelId,
      step: `test:${id}`,
      priority: "normal",
      dueAt: at,
      nextAttemptAt: at,
      expiresAt,
    });
  }
  for (const [index, { userId }] of users.entries()) {
    const own = rows[index] ?? [];
    for (let from = 0; from < own.length; from += 1000) {
      await withUser(stage.db, userId, async (tx) => {
        await createDeliveryRepository(tx).enqueue(own.slice(from, from + 1000));
        if (from + 1000 >= own.length) tx.signal("due");
      });
    }
  }
  return due;
}

function startWorker(stage: Stage): Program {
  const { port, starts } = stage;
  const environment = {
    MEMA_URL: `http://127.0.0.1:${port}`,
    MEMA_SERVICE_KEY: serviceKey,
    MEMA_WORKER_CONCURRENCY: "400",
    MEMA_WORKER_LEASE_SECONDS: String(leaseSeconds),
  };
  return new Program("worker", environment, "worker started", (line) => {
    if (!line.includes('"msg":"reminder"')) return;
    const { deliveryId, time } = JSON.parse(line) as { deliveryId: string; time: number };
    if (!starts.has(deliveryId)) starts.set(deliveryId, time);
    stage.onStart();
  });
}

async function until(stage: Stage, condition: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.onStart = () => {
    if (condition()) resolve();
  };
  stage.onStart();
  await promise;
}

/** Milliseconds from due to the start of the handler, at a steady rate. */
async function startDelay(stage: Stage, perSecond: number, seconds: number): Promise<{ p50: number; p99: number }> {
  const begin = Date.now() + 3_000;
  const due = await enqueue(stage, (index) => new Date(Math.round(begin + (index * 1000) / perSecond)), perSecond * seconds);
  await until(stage, () => [...due.keys()].every((id) => stage.starts.has(id)));
  const delays = [...due].map(([id, at]) => (stage.starts.get(id) ?? Number.NaN) - at);
  return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
}

async function settledPerSecond(stage: Stage, count: number): Promise<number> {
  const past = new Date(Date.now() - 1000);
  await enqueue(stage, () => past, count);
  const begin = performance.now();
  const worker = startWorker({ ...stage, onStart: () => {} });
  await worker.ready();
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${stage.port}/trpc/worker.stats`, {
      headers: { authorization: `Bearer ${serviceKey}` },
    });
    const { result } = (await response.json()) as { result: { data: { due: number; inFlight: number } } };
    if (result.data.due === 0 && result.data.inFlight === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const seconds = (performance.now() - begin) / 1000;
  await worker.end("SIGTERM");
  return count / seconds;
}

/** Seconds from a kill -9 in mid-send until another worker has started what was cut off. */
async function recovery(stage: Stage): Promise<number> {
  const first = startWorker(stage);
  await first.ready();
  const due = await enqueue(stage, () => new Date(), 2_000);
  const known = [...due.keys()];
  await until(stage, () => known.some((id) => stage.starts.has(id)));
  await first.end("SIGKILL");
  const killedAt = performance.now();
  const second = startWorker(stage);
  await until(stage, () => known.every((id) => stage.starts.has(id)));
  const seconds = (performance.now() - killedAt) / 1000;
  await second.end("SIGTERM");
  return seconds;
}

/** Seconds until each of 100 users got the first of theirs while one user has 99 % of everything that is due. */
async function fairness(stage: Stage, count: number): Promise<number> {
  const [greedy] = stage.users.slice(0, 1);
  if (greedy === undefined) throw new Error("no user");
  const past = new Date(Date.now() - 60_000);
  await enqueue(stage, () => past, Math.floor(count * 0.99), [greedy]);
  const others = await enqueue(stage, () => new Date(), Math.ceil(count * 0.01), stage.users.slice(1, 101));
  const ids = [...others.keys()];
  const begin = performance.now();
  const worker = startWorker(stage);
  const firsts = ids.slice(0, Math.min(100, stage.users.length - 1));
  await until(stage, () => firsts.every((id) => stage.starts.has(id)));
  const seconds = (performance.now() - begin) / 1000;
  await worker.end("SIGKILL");
  return seconds;
}

export async function measure(parameters: string[]): Promise<{ engine: string; report: object }> {
  const quick = parameters.includes("--quick");
  const database = await openBenchmarkDatabase();
  const db = createDbClient(database.urls, { poolSize: 10, prepare: true });
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "mema-benchmark-"));
  const server = new Program(
    "server",
    {
      DATABASE_URL: database.ownerUrl,
      MEMA_DATA_DIR: folder,
      PORT: String(port),
      MEMA_WORKER: "off",
      MEMA_SERVICE_KEY: serviceKey,
      LOG_LEVEL: "warn",
    },
    "Mema is ready.",
  );
  const users: Stage["users"] = [];
  try {
    await server.ready();
    users.push(...(await addUsers(db, 101)));
    const stage: Stage = { db, port, users, starts: new Map(), onStart: () => {} };
    const delays: Record<string, { p50: number; p99: number }> = {};
    const worker = startWorker(stage);
    await worker.ready();
    for (const rate of quick ? [1, 100] : [1, 100, 1000]) {
      delays[rate] = await startDelay(stage, rate, rate === 1 ? 20 : 10);
      console.log(`start delay at ${rate}/s: p50 ${delays[rate].p50} ms, p99 ${delays[rate].p99} ms`);
    }
    await worker.end("SIGTERM");
    const settled = Math.round(await settledPerSecond(stage, quick ? 10_000 : 50_000));
    console.log(`settled: ${settled}/s with one worker process`);
    const recoverySeconds = await recovery(stage);
    console.log(`recovery after kill -9: ${recoverySeconds.toFixed(1)} s (lease ${leaseSeconds} s)`);
    const othersFirstDeliverySeconds = await fairness(stage, quick ? 10_000 : 100_000);
    console.log(`others' first delivery: ${othersFirstDeliverySeconds.toFixed(2)} s`);
    return {
      engine: database.engine,
      report: { startDelayMs: delays, settledPerSecond: settled, recoverySeconds, leaseSeconds, othersFirstDeliverySeconds, peers: {} },
    };
  } finally {
    await server.end("SIGTERM");
    for (const { userId } of users) await withUser(db, userId, (tx) => createUserRepository(tx).delete());
    await db.close();
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
