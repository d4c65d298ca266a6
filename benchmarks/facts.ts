import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** Where and when a figure was measured. */
export interface Facts {
  machine: string;
  commit: string;
  date: string;
  engine: string;
}

/** The facts that every benchmark's report carries. `engine` names the database that was measured. */
export function facts(engine: string): Facts {
  const processors = cpus();
  return {
    machine: `${processors.length} x ${processors[0]?.model.trim() ?? "unknown"}, Node ${process.versions.node}, ${process.platform}`,
    commit: execFileSync("git", ["describe", "--always", "--dirty", "--exclude=*"], { encoding: "utf8" }).trim(),
    date: Temporal.Now.instant().toString({ smallestUnit: "second" }),
    engine,
  };
}
