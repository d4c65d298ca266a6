import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { deriveRuntimeUrls } from "../migrate/passwords.ts";
import { freePort } from "./cluster.ts";

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"].find((path) => existsSync(path));

/** Whether this machine has PgBouncer. */
export const hasPgBouncer = (): boolean => program !== undefined;

export interface Pooler {
  /** The application's login through the pooler. */
  appUrl: string;
  stop(): Promise<void>;
}

/** Starts PgBouncer in transaction mode in front of a database, with at most `poolSize` connections to the server. */
export async function startPooler(ownerUrl: string, poolSize: number): Promise<Pooler> {
  if (program === undefined) throw new Error("PgBouncer is not on this machine");
  const app = new URL(deriveRuntimeUrls(ownerUrl).app);
  const folder = mkdtempSync(join(tmpdir(), "mema-pooler-"));
  const port = await freePort();
  const name = app.pathname.slice(1);
  const password = decodeURIComponent(app.password);
  writeFileSync(join(folder, "users"), `"mema_app" "${password}"\n`, { mode: 0o600 });
  writeFileSync(
    join(folder, "settings.ini"),
    `[databases]
${name} = host=${app.hostname} port=${app.port} dbname=${name} user=mema_app password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = plain
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
unix_socket_dir =
logfile = ${join(folder, "log")}
ignore_startup_parameters = extra_float_digits
`,
    { mode: 0o600 },
  );
  // PgBouncer refuses to run as root.
  const identity =
    process.getuid?.() === 0
      ? { uid: Number(execFileSync("id", ["-u", "postgres"])), gid: Number(execFileSync("id", ["-g", "postgres"])) }
      : {};
  if (identity.uid !== undefined) {
    for (const path of [folder, join(folder, "users"), join(folder, "settings.ini")]) chownSync(path, identity.uid, identity.gid);
  }
  const child = spawn(program, [join(folder, "settings.ini")], { ...identity, stdio: "ignore", cwd: folder });
  const appUrl = Object.assign(new URL(app.href), { hostname: "127.0.0.1", port: String(port) }).href;
  const stop = async () => {
    const gone = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGINT")) await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(appUrl, child);
    return { appUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const exited = new AbortController();
  child.once("exit", () => exited.abort());
  for (let attempt = 1; !exited.signal.aborted; attempt++) {
    const client = postgres(url, { max: 1, connect_timeout: 5, fetch_types: false, prepare: false, onnotice: () => {} });
    try {
      await client.unsafe("select 1");
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end({ timeout: 1 });
    }
  }
  throw new Error("PgBouncer ended at its start");
}
