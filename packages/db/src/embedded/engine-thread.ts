import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { maintain } from "./maintenance.ts";
import type { ThreadCommand, ThreadMessage, ThreadRequest, ThreadSettings } from "./thread-protocol.ts";
import { firstColumn, queryMessage } from "./wire-messages.ts";
import { WireServer } from "./wire-server.ts";

const settings: ThreadSettings = workerData;
const port = parentPort;
if (port === null) throw new Error("engine-thread.ts runs as a worker thread only");
const say = (message: ThreadMessage, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

/** PostgreSQL zeroes all of it at the start, and a thread's memory never shrinks: 32 MB take 100 MB less than the 128 MB of its default. */
const startParams = [...PGlite.defaultStartParams, "-c", "shared_buffers=32MB"];

const database = await openCluster();
const server = new WireServer(run);
rmSync(settings.socketPath, { force: true });
await server.listen(settings.socketPath);

let maintaining = 0;
let lastMaintenance: Promise<unknown> = Promise.resolve();
async function maintainNow(): Promise<void> {
  maintaining += 1;
  const done = lastMaintenance.then(() => maintain(server, run)).finally(() => (maintaining -= 1));
  lastMaintenance = done.catch(() => undefined);
  return done;
}
const timer = setInterval(() => {
  if (maintaining === 0) maintainNow().catch(() => undefined);
}, settings.maintenanceIntervalMs);

port.on("message", (request: ThreadRequest) => {
  execute(request.command).then(
    (bytes) => say({ kind: "done", id: request.id, bytes }, bytes ? [bytes.buffer] : []),
    (error: unknown) => say({ kind: "failed", id: request.id, error: error instanceof Error ? error : new Error(String(error)) }),
  );
});
say({ kind: "ready" });

async function execute(command: ThreadCommand): Promise<Uint8Array<ArrayBuffer> | null> {
  if (command === "ping") return null;
  if (command === "maintain") {
    await maintainNow();
    return null;
  }
  if (command === "dump") {
    await server.whenIdle();
    firstColumn(run(queryMessage("checkpoint")));
    return new Uint8Array(await (await database.dumpDataDir("none")).arrayBuffer());
  }
  clearInterval(timer);
  server.close();
  firstColumn(run(queryMessage("checkpoint")));
  await database.close();
  return null;
}

function run(messages: Buffer): Buffer[] {
  const reply: Buffer[] = [];
  // execProtocolRawStream does its work before it returns; without syncToFs its promise carries nothing.
  void database.execProtocolRawStream(messages, { syncToFs: false, onRawData: (data) => reply.push(Buffer.from(data)) });
  return reply;
}

/** A mark stands beside a cluster while it is made: one whose making was killed is made anew, never opened. */
async function openCluster(): Promise<PGlite> {
  const { clusterDir, template } = settings;
  const options = { extensions: { vector }, startParams };
  const contents = template === null ? {} : { loadDataDir: new Blob([new Uint8Array(template)]) };
  if (clusterDir === null) return PGlite.create("memory://", { ...options, ...contents });

  const unfinished = `${clusterDir}.unfinished`;
  if (existsSync(unfinished)) rmSync(clusterDir, { recursive: true, force: true });
  if (existsSync(join(clusterDir, "PG_VERSION"))) {
    // Sort files of statements that were killed: PostgreSQL removes them when its postmaster starts, and there is none here.
    rmSync(join(clusterDir, "base", "pgsql_tmp"), { recursive: true, force: true });
    return PGlite.create(clusterDir, options);
  }
  writeFileSync(unfinished, "", { mode: 0o600 });
  mkdirSync(clusterDir, { recursive: true, mode: 0o700 });
  const made = await PGlite.create(clusterDir, { ...options, ...contents });
  rmSync(unfinished);
  return made;
}
