import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  createDatabase,
  createDbClient,
  createEmbeddedClient,
  type Db,
  deriveRuntimeUrls,
  dropDatabase,
  openEmbeddedEngine,
  readDatabaseEnvironment,
} from "@mema/db";
import { runAsOwner, testEnvironment } from "@mema/db/testing";
import { inject } from "vitest";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Where servers of one test keep their data: a folder, and on PostgreSQL an empty database. */
export interface ServerHome {
  dataDir: string;
  /** The owner's connection; null on the embedded engine. */
  ownerUrl: string | null;
  /** The settings that make a server use it. */
  environment: Record<string, string>;
  /** Runs statements as mema_owner; on the embedded engine while no server has it open. */
  asOwner(statements: string): Promise<void>;
  /** The database while no server is running. */
  withDatabase<T>(body: (db: Db) => Promise<T>): Promise<T>;
  /** Ends every server that was started in it, then removes it. */
  remove(): Promise<void>;
  start(environment?: Record<string, string>): Promise<ServerProcess>;
  /** Runs a server that is expected to end by itself. */
  run(environment?: Record<string, string>): Promise<{ code: number | null; output: string }>;
}

/** A server as a process of its own. */
export interface ServerProcess {
  pid: number;
  url: string;
  /** As printed; null when it printed none. */
  apiKey: string | null;
  adminKey: string | null;
  /** All that it has written so far, to stdout and stderr. */
  output(): string;
  /** Resolves once a line matches. */
  printed(pattern: RegExp): Promise<void>;
  /** Sends a signal and waits for the end; the exit code, null after a kill. */
  end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null>;
  signal(signal: "SIGTERM" | "SIGINT"): void;
  ended: Promise<number | null>;
}

/** Variables of the test run's own that must not reach a server. */
const plainEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(MEMA_|VITEST|TEST_DATABASE_URL|DATABASE_URL|PORT|HOST|NODE_ENV|FORCE_COLOR|LOG_LEVEL)/.test(name)
        ? []
        : [[name, value]],
    ),
  );

/** A home on the engine under test (MEMA_TEST_ENGINE). */
export async function createServerHome(): Promise<ServerHome> {
  const dataDir = mkdtempSync(join(tmpdir(), "mema-server-"));
  const clusterUrl = testEnvironment.engine === "postgres" ? inject("ownerUrl") : null;
  if (testEnvironment.engine === "postgres" && clusterUrl === null) throw new Error("no PostgreSQL to test on");
  if (clusterUrl === null) {
    // A migrated copy: making an embedded database from nothing takes seconds.
    const engine = await openEmbeddedEngine({ dataDir, template: inject("embeddedTemplate") });
    await engine.close();
  }
  const name = `mema_server_${randomBytes(6).toString("hex")}`;
  const ownerUrl = clusterUrl === null ? null : await createDatabase(clusterUrl, name);
  const environment = {
    PORT: "0",
    MEMA_WORKER: "off",
    MEMA_DATA_DIR: dataDir,
    ...(ownerUrl === null ? {} : { DATABASE_URL: ownerUrl, MEMA_POOL_SIZE: "4" }),
  };
  const running = new Set<ChildProcess>();
  const launch = (more: Record<string, string>) => {
    const child = spawn(process.execPath, [program], {
      env: { ...plainEnvironment(), ...environment, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", (code) => {
        running.delete(child);
        resolve(code);
      });
    });
    return { child, ended, output: collect(child) };
  };
  return {
    dataDir,
    ownerUrl,
    environment,
    withDatabase: async (body) => {
      const engine = ownerUrl === null ? await openEmbeddedEngine({ dataDir }) : null;
      const db =
        engine === null
          ? createDbClient(deriveRuntimeUrls(ownerUrl ?? "", readDatabaseEnvironment().passwords))
          : createEmbeddedClient(engine);
      try {
        return await body(db);
      } finally {
        await db.close();
        await engine?.close();
      }
    },
    asOwner: (statements) => runAsOwner(ownerUrl === null ? { dataDir } : { ownerUrl }, statements),
    start: async (more = {}) => {
      const { child, ended, output } = launch(more);
      await Promise.race([
        output.printed(/^ {2}Keys /m),
        ended.then(() => {
          throw new Error(`the server ended:\n${output.text()}`);
        }),
      ]);
      const find = (pattern: RegExp) => pattern.exec(output.text())?.[1] ?? null;
      const url = find(/API +(\S+)\/trpc/);
      if (url === null || child.pid === undefined) throw new Error(`the server did not say where it is:\n${output.text()}`);
      return {
        pid: child.pid,
        url,
        apiKey: find(/^API key: (\S+)$/m),
        adminKey: find(/^Admin key: (\S+)$/m),
        output: output.text,
        printed: output.printed,
        ended,
        signal: (signal) => child.kill(signal),
        end: (signal) => {
          child.kill(signal);
          return ended;
        },
      };
    },
    run: async (more = {}) => {
      const { ended, output } = launch(more);
      return { code: await ended, output: output.text() };
    },
    remove: async () => {
      await Promise.all(
        [...running].map(async (child) => {
          child.kill("SIGKILL");
          await once(child, "close");
        }),
      );
      rmSync(dataDir, { recursive: true, force: true });
      if (clusterUrl !== null) await dropDatabase(clusterUrl, name);
    },
  };
}

function collect(child: ChildProcess) {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      // The lines of one write come together: who waits for one of them sees those after it too.
      setImmediate(() => waiting.forEach((look) => look()));
    });
  }
  const text = () => lines.join("\n");
  const printed = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!pattern.test(text())) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { text, printed };
}
