import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ServerLog } from "./log.ts";

const workerProgram = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));

/** Keeps one worker process running, which gets the server's address and a service key and nothing else of its secrets. */
export function superviseWorker(settings: { url: string; serviceKey: string; log: ServerLog }): {
  stop(): Promise<void>;
  pid(): number | undefined;
} {
  let stopping = false;
  let delayMs = 250;
  let child: ChildProcess | null = null;
  let exited: Promise<void> = Promise.resolve();

  const start = () => {
    const startedAt = performance.now();
    const { DATABASE_URL: _database, ...environment } = process.env;
    for (const name of Object.keys(environment)) if (name.startsWith("MEMA_")) delete environment[name];
    const running = spawn(process.execPath, [workerProgram], {
      env: { ...environment, MEMA_URL: settings.url, MEMA_SERVICE_KEY: settings.serviceKey },
      stdio: ["ignore", "inherit", "inherit"],
    });
    child = running;
    exited = new Promise((resolve) => {
      running.once("exit", (code, signal) => {
        child = null;
        resolve();
        if (stopping) return;
        delayMs = performance.now() - startedAt > 60_000 ? 250 : Math.min(delayMs * 2, 15_000);
        settings.log.warn({ code, signal, restartInMs: delayMs }, "worker ended; starting it again");
        setTimeout(() => {
          if (!stopping) start();
        }, delayMs).unref();
      });
    });
  };
  start();

  return {
    pid: () => child?.pid,
    stop: async () => {
      stopping = true;
      child?.kill("SIGTERM");
      await exited;
    },
  };
}
