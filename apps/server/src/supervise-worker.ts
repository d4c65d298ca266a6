import { type ChildProcess, spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { fileURLToPath } from "node:url";
import type { ServerLog } from "./log.ts";

const workerProgram = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));
/** A worker that drains hands over what it has; past this it is stuck, and its leases run out by themselves. */
const drainMs = 15_000;
const firstDelayMs = 250;
const longestDelayMs = 15_000;

export interface SupervisedWorker {
  /** Asks the worker to finish what it has begun, and waits for its end. */
  stop(): Promise<void>;
  pid(): number | undefined;
}

/**
 * Keeps one worker process running. It gets the server's address, a service key and nothing else of the server's settings, and a channel
 * (`process.on("disconnect")`) that closes when the server is gone, however that came about.
 */
export function superviseWorker({ url, serviceKey, log }: { url: string; serviceKey: string; log: ServerLog }): SupervisedWorker {
  let stopping = false;
  let delayMs = firstDelayMs;
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();
  let restart: NodeJS.Timeout | undefined;

  const folder = getCompileCacheDir();
  const compileCache = folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };

  const start = () => {
    const startedAt = performance.now();
    const running = spawn(process.execPath, ["--max-semi-space-size=4", workerProgram], {
      env: { ...withoutSecrets(process.env), ...compileCache, MEMA_URL: url, MEMA_SERVICE_KEY: serviceKey },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child = running;
    ended = new Promise((resolve) => {
      const onEnd = (about: { code?: number | null; signal?: string | null; error?: string }) => {
        if (child !== running) return;
        child = null;
        resolve();
        if (stopping) return;
        delayMs = performance.now() - startedAt > 60_000 ? firstDelayMs : Math.min(delayMs * 2, longestDelayMs);
        log.warn({ ...about, restartInMs: delayMs }, "worker ended; starting it again");
        restart = setTimeout(start, delayMs);
      };
      running.once("exit", (code, signal) => onEnd({ code, signal }));
      running.once("error", (error) => onEnd({ error: error.name }));
    });
  };
  start();
  // An exit by force must not leave a worker behind.
  process.once("exit", () => child?.kill("SIGKILL"));

  return {
    pid: () => child?.pid,
    stop: async () => {
      stopping = true;
      clearTimeout(restart);
      const running = child;
      running?.kill("SIGTERM");
      const stuck = setTimeout(() => running?.kill("SIGKILL"), drainMs);
      await ended;
      clearTimeout(stuck);
    },
  };
}

function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(MEMA_|PG)|DATABASE_URL/.test(name)));
}
