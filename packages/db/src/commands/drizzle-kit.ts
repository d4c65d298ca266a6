import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@mema/shared";
import drizzleConfig from "../../drizzle.config.ts";

const packageFolder = fileURLToPath(new URL("../..", import.meta.url));

type Credentials = { url: string } | { host: string; port: number; user: string; database: string };

/**
 * Runs drizzle-kit on this package's schema and migrations, with this process's terminal. Credentials go through a file that only this
 * user can read, not through arguments, which every user of the machine can list. Throws PRECONDITION_FAILED when it fails.
 */
export async function runDrizzleKit(
  command: "generate" | "push" | "studio",
  parameters: string[],
  credentials?: Credentials,
): Promise<void> {
  const program = join(dirname(createRequire(import.meta.url).resolve("drizzle-kit")), "bin.cjs");
  const folder = mkdtempSync(join(tmpdir(), "mema-kit-"));
  try {
    const config = join(folder, "drizzle.config.json");
    writeFileSync(config, JSON.stringify({ ...drizzleConfig, ...(credentials && { dbCredentials: credentials }) }), { mode: 0o600 });
    const child = spawn(process.execPath, [program, command, `--config=${relative(packageFolder, config)}`, ...parameters], {
      cwd: packageFolder,
      stdio: "inherit",
    });
    process.on("SIGINT", waitForChild);
    const stop = () => child.kill("SIGTERM");
    process.on("SIGTERM", stop);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", resolve);
    });
    process.off("SIGINT", waitForChild);
    process.off("SIGTERM", stop);
    if (code !== null && code !== 0) throw new AppError("PRECONDITION_FAILED", `drizzle-kit ${command} failed; its reason stands above.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A terminal sends Ctrl-C to both processes: this one outlives the other and cleans up. */
const waitForChild = (): void => {};
