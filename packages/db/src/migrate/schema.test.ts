import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as shared from "@mema/shared";
import { type DrizzleSnapshotJSON, generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { beforeAll, afterAll, expect, test } from "vitest";
import { type Catalog, readCatalog } from "../check/catalog.ts";
import { opsSchema } from "../schema/base.ts";
import * as schema from "../schema/index.ts";
import { type BlankDatabase, createBlankDatabase } from "../testing/blank-database.ts";
import { migrationsFolder, runMigrations } from "./run-migrations.ts";

const journal = JSON.parse(readFileSync(join(migrationsFolder, "meta/_journal.json"), "utf8")) as { entries: { idx: number }[] };
const newest = String(journal.entries.at(-1)?.idx ?? 0).padStart(4, "0");
const declared = () => generateDrizzleJson({ ...schema, opsSchema }, undefined, ["public", "ops"]);

test("drizzle-kit generate has nothing to generate", async () => {
  const snapshot = JSON.parse(readFileSync(join(migrationsFolder, `meta/${newest}_snapshot.json`), "utf8")) as DrizzleSnapshotJSON;
  expect(await generateMigration(snapshot, declared())).toEqual([]);
});

let migrated: BlankDatabase;
let created: BlankDatabase;
beforeAll(async () => {
  migrated = await createBlankDatabase();
  await runMigrations(migrated.connection, { passwords: {} });
  created = await createBlankDatabase();
  await runMigrations(created.connection, { passwords: {}, upTo: 1 });
});
afterAll(async () => {
  await migrated.close();
  await created.close();
});

const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).toSorted();
const comparable = (catalog: Catalog) => {
  const { columns, constraints, indexes, policies, relations } = catalog;
  return {
    tables: relations.map((relation) => `${relation.schema}.${relation.name}`).toSorted(),
    columns: sorted(columns),
    constraints: sorted(constraints),
    indexes: sorted(indexes),
    policies: sorted(policies),
  };
};

test("the migrations lead to what the schema declares: tables, columns, types, defaults, keys, indexes, checks, policies", async () => {
  const statements = await generateMigration(generateDrizzleJson({}), declared());
  await created.asOwner((owner) =>
    owner.begin(async (tx) => {
      await tx.unsafe("set local role mema_owner");
      for (const statement of statements) if (!statement.startsWith("CREATE SCHEMA")) await tx.unsafe(statement);
    }),
  );
  const [actual, expected] = [await migrated.asOwner(readCatalog), await created.asOwner(readCatalog)];
  expect(expected.relations.length).toBeGreaterThan(25);
  expect(comparable(actual)).toEqual(comparable(expected));
});

/** Lists of texts that no column holds. */
const notStored = ["errorCodes", "languages"];
const valuesOf = (expression: string) => [...expression.matchAll(/'([^']*)'::text/g)].map(([, value]) => value).join();

test("every enumeration of TypeScript is a CHECK with the same values", async () => {
  const catalog = await migrated.asOwner(readCatalog);
  const checks = catalog.constraints.filter((constraint) => constraint.kind === "c").map((constraint) => constraint.expression ?? "");
  const stored = new Set(checks.map(valuesOf));
  const lists = Object.entries(shared).filter(([name, value]) => !notStored.includes(name) && Array.isArray(value));
  expect(lists.length).toBeGreaterThan(20);
  expect(lists.filter(([, values]) => !stored.has((values as readonly string[]).join())).map(([name]) => name)).toEqual([]);
});
