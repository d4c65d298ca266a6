import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Only where programs are: what a command is tried with is what the test names. */
const base = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" };

/** The program behind a root script, to be started without npm and pnpm in between. */
export function rootScript(name: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
  const [, command] = / exec (.+)$/.exec(scripts[name] ?? "") ?? [];
  if (command === undefined) throw new Error(`package.json has no script ${name} of the form npx ... exec ...`);
  return command.split(" ");
}

export interface Ended {
  status: number | null;
  output: string;
}

/** Runs a command at the repository's root, with this environment and nothing else of ours, to its end. */
export function run([program = "", ...parameters]: readonly string[], environment: Record<string, string>): Ended {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: root, env: { ...base, ...environment }, encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

/** As `run`; throws with what it printed when it fails. */
export function runWell(command: readonly string[], environment: Record<string, string>): string {
  const { status, output } = run(command, environment);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}:\n${output}`);
  return output;
}

export interface Running {
  child: ChildProcess;
  output(): string;
  /** The exit code, null after a signal that it did not handle. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/** Starts a command that goes on, under the same conditions. */
export function start([program = "", ...parameters]: readonly string[], environment: Record<string, string>): Running {
  const child = spawn(program, parameters, { cwd: root, env: { ...base, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => parts.push(part.toString()));
  const exited = once(child, "exit");
  return {
    child,
    output: () => parts.join(""),
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}
