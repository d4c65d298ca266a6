import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "@mema/shared";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { ThreadHandle } from "./thread-handle.ts";
import type { ThreadSettings } from "./thread-protocol.ts";

export interface EmbeddedEngineOptions {
  /** Folder that keeps the database; null for one in memory, which goes with its thread. */
  readonly dataDir: string | null;
  /** What `dumpTemplate` returned, or the path of a file with it: a new database starts as a copy of it. An existing one ignores it. */
  readonly template?: Uint8Array | string;
  /** Milliseconds between two runs of VACUUM (ANALYZE) and CHECKPOINT; 5 minutes when not given. */
  readonly maintenanceIntervalMs?: number;
}

export interface EmbeddedEngine {
  /**
   * Options for `postgres()`, to which the caller adds `max: 1`: a second connection waits 2 seconds for the first to go and is
   * then refused with SQLSTATE 53300. Every connection is the superuser, whatever user it names; start-up parameters are ignored.
   */
  readonly connection: { readonly path: string; readonly user: string; readonly database: string };
  readonly dataDir: string | null;
  /**
   * Resolves (never rejects) with the reason when the engine is gone for good: its thread ended unexpectedly, and restarting it
   * failed five times in a row. A single unexpected end is answered by an automatic restart, except in memory, where nothing is
   * left to restart.
   */
  readonly fatal: Promise<AppError>;
  /** Resolves when the socket accepts connections, at once or after the restart that is under way. Rejects with UNAVAILABLE after close() or `fatal`. */
  ready(): Promise<void>;
  /**
   * Ends the running statement by replacing the thread; the open connection sees its socket close. What was committed is there.
   * In memory it would be gone: there the statement is ended too, and the engine with it (`fatal`).
   */
  restart(): Promise<void>;
  /** VACUUM (ANALYZE) and CHECKPOINT now; waits for moments without an open transaction. */
  maintain(): Promise<void>;
  /** The whole database as a tar, in a moment without an open transaction. */
  dump(): Promise<Uint8Array>;
  /** Rolls an open transaction back, closes the database and releases the folder. A second call does nothing. */
  close(): Promise<void>;
}

const defaultMaintenanceIntervalMs = 5 * 60_000;
const maxCrashes = 5;
/** A thread that served this long before it ended does not count as a crash in a row. */
const crashWindowMs = 60_000;
/** Close waits this long for the statement that runs, then ends it as a kill would: what was committed is safe. */
const closeTimeoutMs = 5000;

/**
 * Opens the embedded PostgreSQL (PGlite with pgvector) in a thread of its own, behind a private unix socket.
 * @throws AppError CONFLICT when another process has the folder.
 */
export async function openEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  const template = typeof options.template === "string" ? new Uint8Array(readFileSync(options.template)) : (options.template ?? null);
  const dataDir = options.dataDir === null ? null : resolve(options.dataDir);
  const lock = dataDir === null ? null : lockFolder(dataDir);
  const privateDir = mkdtempSync(join(tmpdir(), "mema-"));
  const settings: ThreadSettings = {
    clusterDir: dataDir === null ? null : join(dataDir, "postgres"),
    socketPath: process.platform === "win32" ? `\\\\.\\pipe\\${privateDir.replaceAll(/[:\\]/g, "-")}` : join(privateDir, "socket"),
    template,
    maintenanceIntervalMs: options.maintenanceIntervalMs ?? defaultMaintenanceIntervalMs,
  };
  const engine = new ThreadedEngine(dataDir, privateDir, settings, lock);
  try {
    await engine.ready();
    return engine;
  } catch (error) {
    await engine.close();
    throw new AppError("UNAVAILABLE", `The embedded database ${dataDir === null ? "in memory" : `in ${dataDir}`} did not start.`, {
      cause: error,
    });
  }
}

/** Whether this data folder has a database whose making was finished. */
export function hasCluster(dataDir: string): boolean {
  return existsSync(join(dataDir, "postgres", "PG_VERSION")) && !existsSync(join(dataDir, "postgres.unfinished"));
}

/** The database as it is now, for the `template` option: a copy in memory opens in half a second, a new database takes about four. */
export async function dumpTemplate(engine: EmbeddedEngine): Promise<Uint8Array> {
  return engine.dump();
}

class ThreadedEngine implements EmbeddedEngine {
  readonly connection: EmbeddedEngine["connection"];
  readonly dataDir: string | null;
  readonly fatal: Promise<AppError>;
  readonly #fatal = Promise.withResolvers<AppError>();
  #settings: ThreadSettings;
  readonly #lock: FolderLock | null;
  readonly #removePrivateDir: () => void;
  /** The thread that serves, or will: pending while one starts, rejected when the engine is gone for good. */
  #thread: Promise<ThreadHandle>;
  #restarting: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #crashes = 0;

  constructor(dataDir: string | null, privateDir: string, settings: ThreadSettings, lock: FolderLock | null) {
    this.dataDir = dataDir;
    this.connection = { path: settings.socketPath, user: "postgres", database: "postgres" };
    this.fatal = this.#fatal.promise;
    this.#settings = settings;
    this.#lock = lock;
    this.#removePrivateDir = () => rmSync(privateDir, { recursive: true, force: true });
    process.once("exit", this.#removePrivateDir);
    this.#thread = this.#spawn();
  }

  async ready(): Promise<void> {
    // A client learns of a thread's end before this does: only an answer shows that the thread is still there.
    for (let answered = false; !answered;) {
      // oxlint-disable-next-line no-await-in-loop -- the next thread, when this one has ended
      answered = await (await this.#serving()).request("ping").then(
        () => true,
        () => false,
      );
    }
  }

  async restart(): Promise<void> {
    if (this.#closing) throw unavailable("is closed");
    this.#restarting ??= this.#replace().finally(() => {
      this.#restarting = null;
    });
    await this.#restarting;
  }

  async maintain(): Promise<void> {
    await (await this.#serving()).request("maintain");
  }

  async dump(): Promise<Uint8Array> {
    const bytes = await (await this.#serving()).request("dump");
    if (bytes === null) throw new AppError("INTERNAL", "The embedded database returned no dump.");
    return bytes;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #serving(): Promise<ThreadHandle> {
    if (this.#closing) throw unavailable("is closed");
    return this.#thread;
  }

  async #spawn(): Promise<ThreadHandle> {
    const thread = await ThreadHandle.start(this.#settings);
    this.#settings = { ...this.#settings, template: null };
    void this.#supervise(thread);
    return thread;
  }

  async #supervise(thread: ThreadHandle): Promise<void> {
    const servingSince = performance.now();
    const reason = await thread.lost;
    // A restart() that began before this end was known has seen to the next thread; two on one folder would ruin it.
    const serving = await this.#thread.catch(() => null);
    if (this.#closing || serving !== thread) return;
    if (performance.now() - servingSince > crashWindowMs) this.#crashes = 0;
    this.#use(this.#recover(reason));
  }

  /** A rejection is seen by whoever asks for the thread, and by `fatal`. */
  #use(thread: Promise<ThreadHandle>): void {
    this.#thread = thread;
    thread.catch(() => undefined);
  }

  async #replace(): Promise<void> {
    const current = this.#thread;
    const replacement = async (): Promise<ThreadHandle> => {
      await (await current).stop();
      if (this.dataDir === null) return this.#recover(new Error("the thread of the database in memory was stopped"));
      try {
        return await this.#spawn();
      } catch (error) {
        return this.#recover(error);
      }
    };
    this.#use(replacement());
    await this.#thread;
  }

  async #recover(reason: unknown): Promise<ThreadHandle> {
    let last = reason;
    while (!this.#closing) {
      if (this.dataDir === null) throw this.#giveUp("in memory ended, and its data with it", last);
      this.#crashes += 1;
      if (this.#crashes > maxCrashes) throw this.#giveUp(`ended ${maxCrashes} times in a row and stays down`, last);
      await delay(this.#crashes === 1 ? 0 : 100 * 3 ** (this.#crashes - 2));
      try {
        return await this.#spawn();
      } catch (error) {
        last = error;
      }
    }
    throw unavailable("is closed", last);
  }

  #giveUp(what: string, cause: unknown): AppError {
    const error = unavailable(what, cause);
    this.#release();
    this.#fatal.resolve(error);
    return error;
  }

  async #close(): Promise<void> {
    const thread = await this.#thread.catch(() => null);
    if (thread) {
      const closed = thread.request("close").catch(() => undefined);
      await Promise.race([closed, delay(closeTimeoutMs, undefined, { ref: false })]);
      await thread.stop();
    }
    this.#release();
  }

  #release(): void {
    process.removeListener("exit", this.#removePrivateDir);
    this.#removePrivateDir();
    this.#lock?.release();
  }
}

function unavailable(what: string, cause?: unknown): AppError {
  return new AppError("UNAVAILABLE", `The embedded database ${what}.`, { cause });
}
