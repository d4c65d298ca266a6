import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { AppError } from "@mema/shared";
import { qualified, readCatalog } from "../check/catalog.ts";
import { lockFolder } from "../embedded/folder-lock.ts";
import { runCommand } from "./run-command.ts";
import { describeTarget, isLocal, openTarget, type Target } from "./target.ts";

async function confirm(name: string): Promise<void> {
  if (process.argv.includes("--yes")) return;
  const refusal = new AppError("PRECONDITION_FAILED", `Nothing was changed. npm run db:reset -- --yes erases ${name}.`);
  if (!process.stdin.isTTY) throw refusal;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`Erase everything in ${name}? Type yes: `);
  terminal.close();
  if (answer.trim() !== "yes") throw refusal;
}

const keywords = { r: "table", p: "table", v: "view", m: "materialized view", f: "foreign table", S: "sequence" };

/** Drops what the migrations made and nothing else: the database, its extensions and the cluster's roles stay. */
async function dropObjects(target: Target): Promise<void> {
  const catalog = await readCatalog(target.owner);
  const relations = catalog.relations
    .filter((relation) => relation.schema === "public" && relation.owner === "mema_owner")
    .map((relation) => `drop ${keywords[relation.kind]} if exists ${qualified({ schema: "public", name: `"${relation.name}"` })} cascade`);
  await target.owner.begin(async (tx) => {
    await tx.unsafe(["drop schema if exists ops cascade", "drop schema if exists drizzle cascade", ...relations].join(";\n"));
  });
}

await runCommand(async () => {
  const described = describeTarget();
  if (described.engine === "postgres") {
    if (!isLocal(described.url)) {
      throw new AppError("PRECONDITION_FAILED", `${described.name} is not on this machine: db:reset erases local databases only.`);
    }
  } else {
    lockFolder(described.folder).release();
  }
  await confirm(described.name);
  if (described.engine === "embedded") {
    const lock = lockFolder(described.folder);
    rmSync(join(described.folder, "postgres"), { recursive: true, force: true });
    lock.release();
  }
  const target = await openTarget();
  try {
    if (described.engine === "postgres") await dropObjects(target);
    const { total } = await target.migrate();
    console.log(`Erased and made again: ${target.name}, ${total} migrations.`);
  } finally {
    await target.close();
  }
});
