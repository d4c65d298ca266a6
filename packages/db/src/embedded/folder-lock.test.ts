import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@mema/shared";
import { expect, onTestFinished, test } from "vitest";
import { lockFolder } from "./folder-lock.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mema-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A running process that tries to take the folder when it is told to, and says how that went. */
async function contender(folder: string): Promise<ChildProcess> {
  const child = fork(new URL("./testing/lock-contender.ts", import.meta.url), [folder]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "message");
  return child;
}

async function tryLock(child: ChildProcess): Promise<string> {
  const answered = once(child, "message");
  child.send("lock");
  const [answer] = await answered;
  return String(answer);
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

function lockError(folder: string): AppError | null {
  try {
    lockFolder(folder).release();
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

test("refuses a folder that a living process has, naming the folder, the process and what to do", async () => {
  const folder = temporaryFolder();
  const holder = await contender(folder);
  expect(await tryLock(holder)).toBe("taken");
  const error = lockError(folder);
  expect(error?.code).toBe("CONFLICT");
  expect(error?.message).toBe(
    `The data folder ${folder} is in use by process ${holder.pid}. Stop it first (kill ${holder.pid}), or set MEMA_DATA_DIR to another folder.`,
  );
});

test("takes over from a killed process, and exactly one of several that race for it wins", async () => {
  const folder = temporaryFolder();
  const first = await contender(folder);
  expect(await tryLock(first)).toBe("taken");
  await kill(first);
  const racers = await Promise.all(Array.from({ length: 4 }, () => contender(folder)));
  const outcomes = await Promise.all(racers.map(tryLock));
  expect(outcomes.toSorted()).toEqual(["CONFLICT", "CONFLICT", "CONFLICT", "taken"]);
});

test("refuses a second lock in the same process without losing the first one", async () => {
  const folder = temporaryFolder();
  const lock = lockFolder(folder);
  expect(lockError(folder)?.message).toContain(`already open in this process (${process.pid})`);
  expect(await tryLock(await contender(folder))).toBe("CONFLICT");
  lock.release();
  expect(lockError(folder)).toBeNull();
});

test("keeps folder and files to their owner", () => {
  const folder = join(temporaryFolder(), "new");
  const lock = lockFolder(folder);
  const modes = [folder, join(folder, "lock"), join(folder, "lock.sqlite")].map((path) => statSync(path).mode & 0o777);
  expect(modes).toEqual([0o700, 0o600, 0o600]);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  lock.release();
});
