import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkCatalog } from "../check/check-catalog.ts";
import { readCatalog } from "../check/catalog.ts";
import { hasPostgresBinaries, type PrivateCluster, startPrivateCluster } from "../testing/cluster.ts";
import { createBlankOn } from "../testing/blank-database.ts";
import { testEnvironment } from "../testing/env.ts";
import { runtimeRoles } from "./access-matrix.ts";
import { deriveRuntimeUrls } from "./passwords.ts";
import { type MigrationReport, runMigrations } from "./run-migrations.ts";

async function query<T extends object>(url: string, statement: string): Promise<T[]> {
  const connection = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await connection.unsafe<T[]>(statement);
  } finally {
    await connection.end({ timeout: 1 });
  }
}

/** Migrates in a process of its own, as a second server or checkout would. */
async function migrateInProcess(url: string): Promise<MigrationReport> {
  const program = `
    const { runMigrations } = await import(${JSON.stringify(new URL("run-migrations.ts", import.meta.url).href)});
    console.log(JSON.stringify(await runMigrations(process.argv[1], { passwords: {} })));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, url], { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(errors);
  return JSON.parse(output) as MigrationReport;
}

const withPath = (url: string, pathname: string) => Object.assign(new URL(url), { pathname }).href;

const loginWorks = (url: string) =>
  query(url, "select 1").then(
    () => true,
    () => false,
  );

const storedVerifiers = async (superuserUrl: string) => {
  const roles = runtimeRoles.map((role) => `'${role}'`).join();
  const [row] = await query<{ verifiers: string[] }>(
    superuserUrl,
    `select array_agg(rolpassword order by rolname) as verifiers from pg_authid where rolname in (${roles})`,
  );
  return row?.verifiers;
};

/** Roles belong to the cluster, so each test has one of its own, on which nobody has migrated anything. */
describe.skipIf(testEnvironment.engine !== "postgres" || !hasPostgresBinaries())("on a cluster of its own", () => {
  let cluster: PrivateCluster;
  const fresh = (settings: Record<string, string> = {}) => {
    beforeAll(async () => {
      cluster = await startPrivateCluster({ fsync: "off", ...settings });
    });
    afterAll(() => cluster.stop());
  };

  describe("without roles yet", () => {
    fresh();

    test("four databases are migrated at once, by a non-superuser owner", async () => {
      const databases = await Promise.all([1, 2, 3, 4].map(() => createBlankOn(cluster.ownerUrl)));
      await Promise.all(databases.map((database) => runMigrations(database.connection, { passwords: {} })));
      for (const database of databases) {
        expect(await database.asOwner(checkCatalog)).toEqual([]);
        const { app, worker, auth } = deriveRuntimeUrls(database.connection);
        for (const url of [app, worker, auth]) expect(await loginWorks(url)).toBe(true);
        await database.close();
      }
    });

    test("two processes migrate one database at once: one does it, the other finds it done", async () => {
      const database = await createBlankOn(cluster.ownerUrl);
      const reports = await Promise.all([migrateInProcess(database.connection), migrateInProcess(database.connection)]);
      const { total } = reports[0];
      expect(reports.map((report) => report.applied).toSorted((a, b) => a - b)).toEqual([0, total]);
      expect(await database.asOwner(checkCatalog)).toEqual([]);
      await database.close();
    });
  });

  describe("as superuser", () => {
    fresh();

    test("the extension is created, and all objects belong to mema_owner", async () => {
      const database = await createBlankOn(cluster.superuserUrl, "template0");
      await runMigrations(database.connection, { passwords: {} });
      expect(await database.asOwner(checkCatalog)).toEqual([]);
      const { relations } = await database.asOwner(readCatalog);
      expect(new Set(relations.map((relation) => relation.owner))).toEqual(new Set(["mema_owner"]));
      await database.close();
    });
  });

  describe("whose template lacks pgvector", () => {
    fresh();

    test("the owner is told what a superuser has to run, and nothing is left behind", async () => {
      const database = await createBlankOn(cluster.ownerUrl, "template0");
      const migrating = runMigrations(database.connection, { passwords: {} });
      await expect(migrating).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
      await expect(migrating).rejects.toThrow(/`create extension vector` once as superuser/);
      expect((await database.asOwner(readCatalog)).relations).toEqual([]);
      await query(withPath(cluster.superuserUrl, new URL(database.connection).pathname), "create extension vector");
      await runMigrations(database.connection, { passwords: {} });
      expect(await database.asOwner(checkCatalog)).toEqual([]);
      await database.close();
    });
  });

  describe("that logs every statement", () => {
    fresh({ log_statement: "all", log_min_duration_statement: "0" });

    test("runtime passwords follow from the owner's; a second checkout of the same owner resets none", async () => {
      const [first, second] = [await createBlankOn(cluster.ownerUrl), await createBlankOn(cluster.ownerUrl)];
      await runMigrations(first.connection, { passwords: {} });
      const before = await storedVerifiers(cluster.superuserUrl);
      await runMigrations(second.connection, { passwords: {} });
      await runMigrations(first.connection, { passwords: {} });
      expect(await storedVerifiers(cluster.superuserUrl)).toEqual(before);
      expect(before?.every((verifier) => verifier.startsWith("SCRAM-SHA-256$4096:"))).toBe(true);
      for (const database of [first, second]) {
        const { app, worker, auth } = deriveRuntimeUrls(database.connection);
        for (const url of [app, worker, auth]) expect(await loginWorks(url)).toBe(true);
        await database.close();
      }
    });

    test("given passwords are set, replace the derived ones, and never appear in the server's log", async () => {
      const database = await createBlankOn(cluster.ownerUrl);
      const passwords = { mema_app: "given app: p%ss/word", mema_worker: "given-worker-pass", mema_auth: "given-auth-pass" };
      await runMigrations(database.connection, { passwords });
      const given = deriveRuntimeUrls(database.connection, passwords);
      for (const url of [given.app, given.worker, given.auth]) expect(await loginWorks(url)).toBe(true);
      expect(await loginWorks(deriveRuntimeUrls(database.connection).app)).toBe(false);
      const [log] = await query<{ text: string }>(
        cluster.superuserUrl,
        "select pg_read_file(regexp_replace(current_setting('data_directory'), '/data$', '/log')) as text",
      );
      expect(log?.text).toContain("alter role mema_app password 'SCRAM-SHA-256$");
      for (const password of Object.values(passwords)) expect(log?.text).not.toContain(password);
      await database.close();
    });
  });
});
