import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createMemaClient } from "@mema/api/client";
import { benchmarkEnvironment } from "./env.ts";

const program = fileURLToPath(new URL("../apps/server/src/main.ts", import.meta.url));
const repetitions = 5;
const apiKey = "benchmark-user-key-0123456789";
const adminKey = "benchmark-admin-key-0123456789";

interface Start {
  /** From the start of the process to the answer of the first request that read the database as a user. */
  firstRequestMs: number;
  /** Processor time of the server, and of the process that makes a new database, until then: hardly changes with what else the machine does. */
  cpuMs: number | null;
  /** Resident memory once a worker has reported, in MB; null where the system does not tell. */
  serverMb: number | null;
  workerMb: number | null;
}

/** The embedded database: starts server and worker as `npm start` does, in a new folder and in one that has been used, five times each. */
export async function measure(): Promise<{ engine: string; report: object }> {
  const loadBefore = loadavg()[0];
  const fresh: Start[] = [];
  const existing: Start[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const folder = mkdtempSync(join(tmpdir(), "mema-startup-"));
    try {
      fresh.push(await startOnce(folder));
      existing.push(await startOnce(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const report = { repetitions, first: summarise(fresh), existing: summarise(existing), loadBefore };
  console.log("                   first request   processor   server     worker     together");
  for (const [name, one] of [
    ["new folder", report.first],
    ["existing folder", report.existing],
  ] as const) {
    const megabytes = (value: number | null) => (value === null ? "?" : `${value} MB`).padEnd(11);
    console.log(
      `${name.padEnd(19)}${`${one.firstRequestMs} ms`.padEnd(16)}${`${one.cpuMs ?? "?"} ms`.padEnd(12)}${megabytes(one.serverMb)}${megabytes(one.workerMb)}${megabytes(one.togetherMb)}`,
    );
  }
  // On a machine that is busy with other things, these figures say more about those.
  console.log(`load average before: ${loadBefore ?? "?"}`);
  return { engine: "embedded (PGlite)", report };
}

async function startOnce(folder: string): Promise<Start> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const begun = performance.now();
  const server = spawn(process.execPath, [program], {
    env: {
      ...benchmarkEnvironment.programs,
      PORT: String(port),
      MEMA_DATA_DIR: folder,
      MEMA_BOOTSTRAP_KEY: apiKey,
      MEMA_ADMIN_KEY: adminKey,
      LOG_LEVEL: "silent",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(server, "exit");
  try {
    const announced = readAnnouncement(server);
    await untilServed(url, server);
    const firstRequestMs = Math.round(performance.now() - begun);
    const cpuMs = processorMilliseconds(server.pid);
    const workerPid = Number(/Worker\s.*pid (\d+)/.exec(await announced)?.[1]);
    const operator = createMemaClient({ url, apiKey: adminKey });
    while (!(await operator.worker.stats.query()).workers.some(({ alive }) => alive)) await pause(50);
    return { firstRequestMs, cpuMs, serverMb: residentMegabytes(server.pid), workerMb: residentMegabytes(workerPid) };
  } finally {
    server.kill("SIGTERM");
    await exited;
  }
}

/** Asks until a user's list comes back: the database is open, migrated, and answers under row-level security. */
async function untilServed(url: string, server: ChildProcess): Promise<void> {
  const user = createMemaClient({ url, apiKey });
  for (;;) {
    try {
      await user.facts.list.query({});
      return;
    } catch (error) {
      if (server.exitCode !== null) throw new Error("the server ended", { cause: error });
      await pause(10);
    }
  }
}

function readAnnouncement(server: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    server.stdout?.on("data", (part: Buffer) => {
      text += part.toString();
      if (/^\s+Keys\s/m.test(text)) resolve(text);
    });
  });
}

function processorMilliseconds(pid: number | undefined): number | null {
  try {
    // After the name in parentheses: fields 14 and 15 are user and system time, 16 and 17 the same of children that ended, in hundredths
    // of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * 10;
  } catch {
    return null;
  }
}

function residentMegabytes(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}

function summarise(starts: Start[]) {
  const middle = (values: (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
    return known[Math.floor(known.length / 2)] ?? null;
  };
  return {
    firstRequestMs: middle(starts.map((start) => start.firstRequestMs)),
    cpuMs: middle(starts.map((start) => start.cpuMs)),
    serverMb: middle(starts.map((start) => start.serverMb)),
    workerMb: middle(starts.map((start) => start.workerMb)),
    togetherMb: middle(starts.map(({ serverMb, workerMb }) => (serverMb === null || workerMb === null ? null : serverMb + workerMb))),
  };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
