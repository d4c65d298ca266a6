import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrationsFolder } from "./run-migrations.ts";

interface Journal {
  entries: { idx: number; version: string; when: number; tag: string; breakpoints: boolean }[];
}

/** For tests: the project's migrations and one more after them. Remove the folder afterwards. */
export function migrationsAnd(statements: string): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "mema-migrations-"));
  cpSync(migrationsFolder, folder, { recursive: true });
  const file = join(folder, "meta/_journal.json");
  const journal = JSON.parse(readFileSync(file, "utf8")) as Journal;
  const last = journal.entries.at(-1);
  if (last === undefined) throw new Error("there are no migrations");
  journal.entries.push({ ...last, idx: last.idx + 1, when: last.when + 1, tag: "9999_one_more" });
  writeFileSync(file, JSON.stringify(journal));
  writeFileSync(join(folder, "9999_one_more.sql"), statements);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
