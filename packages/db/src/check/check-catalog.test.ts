import type { Sql } from "postgres";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMigrations } from "../migrate/run-migrations.ts";
import { hasPostgresBinaries, type PrivateCluster, startPrivateCluster } from "../testing/cluster.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { testEnvironment } from "../testing/env.ts";
import { type Break, breaks } from "./breaks.ts";
import { catalogWarnings, checkCatalog, rules, versionWarning } from "./check-catalog.ts";
import { readCatalog } from "./catalog.ts";
import { exceptions } from "./exceptions.ts";

class Undo extends Error {}

/** What the check finds when one thing is broken; the breakage is undone. Names that PostgreSQL numbers are cut to their stem. */
async function findingsOf(connection: Sql, defect: Break, role: string | null): Promise<string[]> {
  let found: string[] = [];
  try {
    await connection.begin(async (tx) => {
      if (role !== null) await tx.unsafe(`set local role ${role}`);
      await tx.unsafe(defect.sql);
      const [database] = await tx<{ name: string }[]>`select current_database() as name`;
      found = (await checkCatalog(tx)).map(({ rule, object }) =>
        `${rule} ${object}`.replace(` on ${database?.name} to`, " on DATABASE to").replace(/(RI_ConstraintTrigger).*/, "$1"),
      );
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) throw error;
  }
  return found;
}

const at = (url: string) => Object.assign(new URL(url), { pathname: "/broken" }).href;

let database: TestDatabase;
/** Roles belong to the whole cluster: what only a superuser can break is broken on a cluster of its own. */
let cluster: PrivateCluster | null = null;
let superuser: Sql | null = null;

beforeAll(async () => {
  database = await createTestDatabase();
  if (database.ownerUrl !== null) await runMigrations(database.ownerUrl, { passwords: {} });
  if (testEnvironment.engine !== "postgres" || !hasPostgresBinaries()) return;
  cluster = await startPrivateCluster({ fsync: "off" });
  const administer = postgres(cluster.ownerUrl, { max: 1 });
  await administer`create database broken`;
  await administer.end();
  await runMigrations(at(cluster.ownerUrl), { passwords: {} });
  superuser = postgres(at(cluster.superuserUrl), { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await superuser?.end();
  cluster?.stop();
  await database.close();
});

test("a migrated database has no findings and no warnings", async () => {
  expect(await database.asOwner((owner) => checkCatalog(owner))).toEqual([]);
  expect(await database.asOwner((owner) => catalogWarnings(owner, database.engine))).toEqual([]);
});

describe("finds exactly this", () => {
  test.for(breaks.filter((defect) => defect.by !== "superuser"))("$what", async (defect) => {
    const role = defect.by === "database owner" ? null : "mema_owner";
    const found = await database.asOwner((owner) => findingsOf(owner, defect, role));
    expect(found.toSorted()).toEqual(defect.finds.toSorted());
  });

  test.skipIf(testEnvironment.engine === "postgres" && !hasPostgresBinaries()).for(breaks.filter((defect) => defect.by === "superuser"))(
    "$what (a superuser's act)",
    async (defect) => {
      const found =
        superuser === null ? await database.asOwner((owner) => findingsOf(owner, defect, null)) : await findingsOf(superuser, defect, null);
      expect(found.toSorted()).toEqual(defect.finds.toSorted());
    },
  );
});

test("every rule is broken once", () => {
  const broken = new Set(breaks.flatMap((defect) => defect.finds.map((finding) => finding.split(" ")[0])));
  expect(rules.map((rule) => rule.name).filter((name) => !broken.has(name))).toEqual([]);
});

test("every exception is one: without it there is a finding", async () => {
  const catalog = await database.asOwner((owner) => readCatalog(owner));
  const all = rules.flatMap((rule) => rule.violations(catalog).map(({ object }) => `${rule.name} ${object}`));
  expect(exceptions.map(({ rule, object }) => `${rule} ${object}`).toSorted()).toEqual(all.toSorted());
});

test("releases that leak through planner statistics are named, with the one to update to", () => {
  expect(versionWarning(150_013)).toEqual([expect.stringContaining("15.14")]);
  expect(versionWarning(160_009)).toEqual([expect.stringContaining("16.10")]);
  expect(versionWarning(170_005)).toEqual([expect.stringContaining("17.6")]);
  expect([150_014, 160_010, 170_006, 180_000].flatMap(versionWarning)).toEqual([]);
  expect(versionWarning(140_019)).toEqual([expect.stringContaining("15 or newer")]);
});
