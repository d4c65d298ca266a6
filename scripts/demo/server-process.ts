import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));

/** A server with its worker, as processes of their own in one group. */
export interface ServerProcess {
  url: string;
  apiKey: string | null;
  adminKey: string | null;
  /** Kills server and worker at once, as a crash would. */
  kill(): Promise<void>;
  /** Ends them in good order. */
  stop(): Promise<void>;
}

/** Starts server and worker and waits until it says where it is. Rejects with what it printed when it ends before that. */
export async function startServerProcess(environment: Record<string, string>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const lines: string[] = [];
  const exited = once(child, "exit");
  child.stderr.on("data", (part: Buffer) => lines.push(part.toString()));
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (/^\s+Keys\s/.test(line)) setImmediate(() => resolve(lines.join("\n")));
    });
    exited.then(
      () => reject(new Error(`the server ended:\n${lines.join("\n")}`)),
      () => {},
    );
  });
  const text = await ready;
  // The key lines follow the address at the first start only.
  const find = (pattern: RegExp) => pattern.exec(lines.join("\n"))?.[1] ?? null;
  const url = find(/API\s+(\S+)\/trpc/);
  if (url === null) throw new Error(`the server did not say where it is:\n${text}`);
  return {
    url,
    apiKey: find(/^API key: (\S+)/m),
    adminKey: find(/^Admin key: (\S+)/m),
    kill: () => end(child, "SIGKILL", exited),
    stop: () => end(child, "SIGTERM", exited),
  };
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM", exited: Promise<unknown>): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  // A negative number is the whole group: the worker is the server's child.
  process.kill(signal === "SIGKILL" ? -child.pid : child.pid, signal);
  await exited;
}
