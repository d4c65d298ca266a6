import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "@mema/shared";

const holderFile = "lock";
const mutexFile = "lock.sqlite";
const sqliteBusy = 5;

export interface FolderLock {
  release(): void;
}

interface Holder {
  pid: number;
  host: string;
}

/**
 * Takes the data folder for this process alone, or throws CONFLICT naming the folder, the process that has it and what to do.
 *
 * The lock itself is one that the operating system holds (SQLite's exclusive lock on an empty `lock.sqlite`, the one such lock
 * that Node offers): it ends with its process however that dies, so nothing stale is left to judge or to steal, and it holds
 * between containers that share the folder, where a pid says nothing. `lock` only names the holder for people and messages.
 */
export function lockFolder(dataDir: string): FolderLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const mutexPath = join(dataDir, mutexFile);
  createMutexFile(mutexPath);
  const mutex = new DatabaseSync(mutexPath, { timeout: 0 });
  try {
    mutex.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    mutex.close();
    if (!isBusy(error)) throw error;
    throw new AppError("CONFLICT", inUse(dataDir), { cause: error });
  }
  const holderPath = join(dataDir, holderFile);
  const holder: Holder = { pid: process.pid, host: hostname() };
  const written = `${holderPath}.${process.pid}`;
  writeFileSync(written, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  renameSync(written, holderPath);
  return {
    release() {
      if (!mutex.isOpen) return;
      rmSync(holderPath, { force: true });
      mutex.close();
    },
  };
}

/** Never opens a file that exists: closing any descriptor of it would drop the lock that this process may hold on it (POSIX). */
function createMutexFile(path: string): void {
  try {
    writeFileSync(path, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function inUse(dataDir: string): string {
  const holder = readHolder(dataDir);
  if (holder?.pid === process.pid && holder.host === hostname()) {
    return `The data folder ${dataDir} is already open in this process (${process.pid}). Use that connection, or close it first.`;
  }
  const who = holder === null ? "another process" : `process ${holder.pid}${holder.host === hostname() ? "" : ` on ${holder.host}`}`;
  const stop = holder === null ? "Stop it first" : `Stop it first (kill ${holder.pid})`;
  return `The data folder ${dataDir} is in use by ${who}. ${stop}, or set MEMA_DATA_DIR to another folder.`;
}

function readHolder(dataDir: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDir, holderFile), "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value) || !("host" in value)) return null;
    return typeof value.pid === "number" && typeof value.host === "string" ? { pid: value.pid, host: value.host } : null;
  } catch {
    return null;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}
