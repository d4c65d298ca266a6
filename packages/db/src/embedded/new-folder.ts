import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { hasCluster } from "./engine.ts";

const program = fileURLToPath(new URL("./new-folder-process.ts", import.meta.url));

/**
 * Makes the embedded database of a new folder, migrated, in a process of its own: initdb and the first migrations leave 100 MB behind
 * that only a process's end gives back. Does nothing in a folder that has one. Never throws: whatever kept it from being made, who opens
 * the folder next meets it, too, and says it.
 */
export async function makeEmbeddedDatabase(dataDir: string): Promise<void> {
  if (hasCluster(dataDir)) return;
  // The channel tells it when this process is gone: an orphan would keep the folder from the next start.
  const making = spawn(process.execPath, [program, dataDir], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  await Promise.race([once(making, "exit"), once(making, "error")]);
}
