import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { benchmarkEnvironment } from "../env.ts";

const programs = {
  server: fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url)),
  worker: fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url)),
  peer: fileURLToPath(new URL("peer-process.ts", import.meta.url)),
};

/** A real process of its own, and the lines that it prints. */
export class Program {
  readonly #name: keyof typeof programs;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<string>();
  readonly #exited: Promise<unknown>;

  /** `readyWhen`: what the line says with which it is ready. */
  constructor(
    name: keyof typeof programs,
    { parameters = [], environment = {} }: { parameters?: string[]; environment?: Record<string, string> },
    readyWhen: string,
    onLine: ((line: string) => void) | null = null,
  ) {
    this.#name = name;
    this.#child = spawn(process.execPath, [programs[name], ...parameters], {
      env: { ...benchmarkEnvironment.programs, ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#exited = once(this.#child, "exit").then(([code]) => this.#ready.reject(new Error(`${name} ended with ${String(code)}`)));
    this.#ready.promise.catch(() => {});
    if (this.#child.stdout === null) return;
    const { stdout } = this.#child;
    const lines = createInterface({ input: stdout }).on("line", (line) => {
      onLine?.(line);
      if (!line.includes(readyWhen)) return;
      this.#ready.resolve(line);
      if (onLine !== null) return;
      // Nobody wants to know more: it is only taken off, so that reading it costs the measured programs nothing.
      lines.close();
      stdout.resume();
    });
  }

  /** The line with which it said that it is ready. Rejects when it ended before. */
  get ready(): Promise<string> {
    return this.#ready.promise;
  }

  /** Rejects when it ends by itself. */
  async ended(): Promise<never> {
    await this.#exited;
    throw new Error(`${this.#name} ended too early`);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await this.#exited;
  }

  /** Resident memory in MB; null where the system does not tell. */
  get megabytes(): number | null {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1];
      return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 102.4) / 10;
    } catch {
      return null;
    }
  }

  /** Processor seconds so far; null where the system does not tell. */
  get processorSeconds(): number | null {
    try {
      // After the name in parentheses: field 14 is user, 15 system time, in hundredths of a second.
      const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      return null;
    }
  }
}
