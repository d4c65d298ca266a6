import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";

/** A PostgreSQL cluster of one's own, thrown away afterwards. */
export interface PrivateCluster {
  /** Superuser. */
  superuserUrl: string;
  /** Non-superuser with CREATEROLE and CREATEDB, as `TEST_DATABASE_URL` is; `vector` is in the template. */
  ownerUrl: string;
  /** Stops at once as after a power cut, and starts again. */
  restart(mode: "immediate" | "fast"): void;
  /** Starts a streaming replica of it: the same databases, logins and passwords on another port. */
  startReplica(): Promise<{ port: number; stop: () => void }>;
  stop(): void;
}

function findBinaries(): string | null {
  const debian = "/usr/lib/postgresql";
  const folders = existsSync(debian)
    ? readdirSync(debian)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(debian, version, "bin"))
    : [];
  const asked = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" });
  if (asked.status === 0) folders.unshift(asked.stdout.trim());
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_ctl")) && hasVector(folder)) ?? null;
}

function hasVector(folder: string): boolean {
  const asked = spawnSync(join(folder, "pg_config"), ["--sharedir"], { encoding: "utf8" });
  return asked.status === 0 && existsSync(join(asked.stdout.trim(), "extension", "vector.control"));
}

/** Whether this machine has PostgreSQL's server programs and pgvector. */
export const hasPostgresBinaries = (): boolean => findBinaries() !== null;

/** A TCP port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts a private cluster with the machine's PostgreSQL programs (as user postgres when this is root, which PostgreSQL refuses). */
export async function startPrivateCluster(settings: Record<string, string> = {}): Promise<PrivateCluster> {
  const binaries = findBinaries();
  if (binaries === null) throw new Error("PostgreSQL's server programs (initdb, pg_ctl) are not on this machine");
  const folder = mkdtempSync(join(tmpdir(), "mema-cluster-"));
  const data = join(folder, "data");
  const asRoot = process.getuid?.() === 0;
  const identity = asRoot
    ? { uid: Number(execFileSync("id", ["-u", "postgres"])), gid: Number(execFileSync("id", ["-g", "postgres"])) }
    : {};
  if (identity.uid !== undefined) chownSync(folder, identity.uid, identity.gid);
  const run = (program: string, ...parameters: string[]) => {
    const result = spawnSync(join(binaries, program), parameters, { encoding: "utf8", cwd: folder, ...identity });
    if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}${result.stdout}`);
  };
  const superPassword = randomBytes(12).toString("hex");
  const ownerPassword = randomBytes(12).toString("hex");
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, superPassword, { mode: 0o600 });
  if (identity.uid !== undefined) chownSync(passwordFile, identity.uid, identity.gid);
  run(
    "initdb",
    "-D",
    data,
    "-U",
    "postgres",
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
  );
  const port = await freePort();
  const options = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    max_connections: "200",
    ...settings,
  };
  const flags = Object.entries(options).map(([name, value]) => `-c ${name}='${value}'`);
  const start = () => run("pg_ctl", "-D", data, "-l", join(folder, "log"), "-w", "-o", flags.join(" "), "start");
  start();
  const url = (user: string, password: string) => `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  const superuserUrl = url("postgres", superPassword);
  const template = postgres(superuserUrl.replace(/postgres$/, "template1"), { max: 1, onnotice: () => {} });
  await template.unsafe(`create extension vector; create role mema_test_owner login createrole createdb password '${ownerPassword}'`);
  await template.end();
  const startReplica = async () => {
    const copy = join(folder, "replica");
    const replicaPort = await freePort();
    run("pg_basebackup", "-d", superuserUrl, "-D", copy, "-R", "--checkpoint=fast", "--no-sync");
    const settingsOfCopy = flags.map((flag) => flag.replace(`port='${port}'`, `port='${replicaPort}'`)).join(" ");
    run("pg_ctl", "-D", copy, "-l", join(folder, "replica.log"), "-w", "-o", settingsOfCopy, "start");
    return { port: replicaPort, stop: () => run("pg_ctl", "-D", copy, "-m", "immediate", "-w", "stop") };
  };
  return {
    superuserUrl,
    startReplica,
    ownerUrl: url("mema_test_owner", ownerPassword),
    restart: (mode) => {
      run("pg_ctl", "-D", data, "-m", mode, "-w", "stop");
      start();
    },
    stop: () => {
      run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
