import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DrizzleSnapshotJSON, generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { harden, soften } from "../migrate/harden.ts";
import { migrationsFolder } from "../migrate/run-migrations.ts";
import { opsSchema } from "../schema/base.ts";
import * as schema from "../schema/index.ts";
import type { Target } from "./target.ts";

interface Pushed {
  /** The newest migration at that time: a newer one starts over from its own snapshot. */
  migration: string;
  snapshot: DrizzleSnapshotJSON;
}

/**
 * Brings the embedded database to src/schema without a migration: applies the difference from what was pushed last, or from the newest
 * migration, all or nothing. drizzle-kit's own push misreads this engine's catalog (it dropped primary keys when tried), so the
 * difference is taken between schemas and not from the database. What was pushed is kept beside the database and goes with it.
 */
export async function pushToEngine(target: Target, folder: string): Promise<number> {
  const file = join(folder, "postgres", "pushed-schema.json");
  const snapshots = join(migrationsFolder, "meta");
  const migration =
    readdirSync(snapshots)
      .filter((name) => name.endsWith("_snapshot.json"))
      .toSorted()
      .at(-1) ?? "";
  const pushed = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Pushed) : null;
  const before =
    pushed?.migration === migration
      ? pushed.snapshot
      : (JSON.parse(readFileSync(join(snapshots, migration), "utf8")) as DrizzleSnapshotJSON);
  const snapshot = generateDrizzleJson({ ...schema, opsSchema }, undefined, ["public", "ops"]);
  const statements = await generateMigration(before, snapshot);
  await target.owner.begin(async (tx) => {
    await tx.unsafe("set local role mema_owner; set local row_security = off");
    await soften(tx);
    for (const statement of statements) await tx.unsafe(statement);
    await harden(tx);
  });
  writeFileSync(file, JSON.stringify({ migration, snapshot } satisfies Pushed));
  return statements.length;
}
