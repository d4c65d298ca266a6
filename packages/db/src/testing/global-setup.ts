import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { createDatabase, dropDatabase } from "../databases.ts";
import { dumpTemplate, openEmbeddedEngine } from "../embedded/engine.ts";
import { migrationsFolder, runMigrations } from "../migrate/run-migrations.ts";
import { hasPostgresBinaries, type PrivateCluster, startPrivateCluster } from "./cluster.ts";
import { testEnvironment } from "./env.ts";

/** Prepares, once for a whole run, a migrated database of each engine that test databases are copied from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("embeddedTemplate", await prepareEmbeddedTemplate());
  let cluster: PrivateCluster | null = null;
  let ownerUrl = testEnvironment.databaseUrl;
  if (ownerUrl === null && hasPostgresBinaries()) {
    cluster = await startPrivateCluster({ fsync: "off", synchronous_commit: "off", full_page_writes: "off" });
    ownerUrl = cluster.ownerUrl;
  }
  if (ownerUrl === null && testEnvironment.ci) throw new Error("CI must test on PostgreSQL with pgvector, and this machine has neither");
  project.provide("ownerUrl", ownerUrl);
  const templateDatabase = `mema_template_${process.pid}_${Date.now().toString(36)}`;
  project.provide("templateDatabase", templateDatabase);
  if (ownerUrl !== null) {
    await runMigrations(await createDatabase(ownerUrl, templateDatabase), { passwords: {} });
  }
  const url = ownerUrl;
  return async () => {
    if (cluster !== null) cluster.stop();
    else if (url !== null) await dropDatabase(url, templateDatabase);
  };
}

async function prepareEmbeddedTemplate(): Promise<string> {
  const sources = [migrationsFolder, fileURLToPath(new URL("../migrate", import.meta.url))];
  const hash = createHash("sha256");
  for (const folder of sources) {
    for (const file of readdirSync(folder).toSorted()) {
      if (/\.(sql|ts)$/.test(file)) hash.update(readFileSync(join(folder, file)));
    }
  }
  const cache = fileURLToPath(new URL("../../node_modules/.cache/mema", import.meta.url));
  const file = join(cache, `${hash.digest("hex").slice(0, 16)}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const engine = await openEmbeddedEngine({ dataDir: null });
  try {
    await runMigrations(engine);
    writeFileSync(`${file}.${process.pid}`, await dumpTemplate(engine));
    renameSync(`${file}.${process.pid}`, file);
  } finally {
    await engine.close();
  }
  return file;
}
