import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { runMigrations } from "../migrate/run-migrations.ts";
import { hasCluster } from "./engine.ts";
import { lockFolder } from "./folder-lock.ts";
import { makeEmbeddedDatabase } from "./new-folder.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mema-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isFree(dataDir: string): boolean {
  try {
    lockFolder(dataDir).release();
    return true;
  } catch {
    return false;
  }
}

test("a new folder gets a migrated database, and one that is there stays as it is", async () => {
  const dataDir = join(temporaryFolder(), "data");
  await makeEmbeddedDatabase(dataDir);
  expect(await runMigrations(`embedded:${dataDir}`)).toMatchObject({ applied: 0 });
  const mark = join(dataDir, "postgres", "mark");
  writeFileSync(mark, "");
  await makeEmbeddedDatabase(dataDir);
  expect(existsSync(mark)).toBe(true);
});

test("a kill in the middle of the making leaves neither a process that holds the folder nor half a database", async () => {
  const dataDir = temporaryFolder();
  const making = spawn(process.execPath, [fileURLToPath(new URL("testing/make-folder.ts", import.meta.url)), dataDir], { stdio: "ignore" });
  await vi.waitUntil(() => existsSync(join(dataDir, "postgres.unfinished")), { timeout: 20_000 });
  making.kill("SIGKILL");
  await once(making, "exit");
  await vi.waitUntil(() => isFree(dataDir), { timeout: 20_000 });
  expect(hasCluster(dataDir)).toBe(false);
  await makeEmbeddedDatabase(dataDir);
  expect(await runMigrations(`embedded:${dataDir}`)).toMatchObject({ applied: 0 });
});

test("what keeps a database from being made is left to who opens the folder, in its own words", async () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  await makeEmbeddedDatabase(file);
  expect(hasCluster(file)).toBe(false);
  await expect(runMigrations(`embedded:${file}`)).rejects.toThrow(/EEXIST|ENOTDIR/);
});
