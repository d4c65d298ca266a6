import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasPostgresBinaries } from "../../testing/cluster.ts";
import { createTestDatabase, type TestDatabase } from "../../testing/database.ts";
import { testEnvironment } from "../../testing/env.ts";
import { readCatalog, tenantTables } from "../catalog.ts";
import { proofBreaks } from "./breaks.ts";
import { type ProofResult, properties, proveIsolation } from "./prove-isolation.ts";
import { Stage, throwaway } from "./stage.ts";

describe("on a migrated database", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  const remaining = () =>
    database.asOwner(async (owner) => {
      const tables = tenantTables(await readCatalog(owner)).map(({ name }) => name);
      // Row-level security hides rows from the owner of a real PostgreSQL: there each of the two users looks.
      const counts = await Promise.all(
        tables.flatMap((name) =>
          [throwaway.ada, throwaway.ben].map((id) =>
            owner.begin(async (tx) => {
              if (database.engine === "postgres") await tx.unsafe(`set local role mema_app; set local app.user_id = '${id}'`);
              const [row] = await tx.unsafe(`select count(*)::int as count from public.${name}`);
              return { name, count: Number(row?.["count"]) };
            }),
          ),
        ),
      );
      return counts.filter(({ count }) => count > 0);
    });

  let results: ProofResult[];
  let left: object[];
  beforeAll(async () => {
    results = await proveIsolation(database.db);
    left = await remaining();
  });

  test.for(properties)("$id: $guarantee", ({ id }) => {
    const result = results.find(({ property }) => property === id);
    expect(result?.found).toEqual([]);
    // Views there are none; of everything else something is tried.
    if (id !== "I22") expect(result?.attempts).toBeGreaterThan(0);
  });

  test("the proof is I1 to I28, in order, and leaves no row", () => {
    expect(results.map(({ property }) => property)).toEqual(Array.from({ length: 28 }, (_, index) => `I${index + 1}`));
    expect(left).toEqual([]);
  });

  test("walks every tenant table of the catalog, with a row of each user in it", async () => {
    const tables = await database.asOwner(async (owner) => tenantTables(await readCatalog(owner)));
    const stage = await Stage.build(database.db);
    expect(stage.tables.map(({ name }) => name).toSorted()).toEqual(tables.map(({ name }) => `public.${name}`).toSorted());
    expect([stage.unfilled, stage.rows.ada.size, stage.rows.ben.size]).toEqual([[], tables.length, tables.length]);
    expect((await remaining()).length).toBeGreaterThan(tables.length);
    // This run ends in the middle: the next one cleans up.
    expect((await proveIsolation(database.db, ["I1"]))[0]).toMatchObject({ violations: 0 });
    expect(await remaining()).toEqual([]);
  });

  test.runIf(testEnvironment.engine === "postgres")("a second run at the same time is refused", async () => {
    const [first, second] = await Promise.allSettled([proveIsolation(database.db, ["I1"]), proveIsolation(database.db, ["I1"])]);
    const outcomes = [first, second].map(({ status }) => status);
    expect(outcomes.toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("notices", () => {
  const postgres = testEnvironment.databaseUrl !== null || hasPostgresBinaries();
  // Once is enough, and PostgreSQL is the faster engine by far.
  const here = proofBreaks.filter(({ by }) => (by === "superuser" || !postgres ? "embedded" : "postgres") === testEnvironment.engine);

  test.for(here)("$property broken: $what", async ({ property, sql, by }) => {
    const database = await createTestDatabase();
    try {
      await database.asOwner(async (owner) => {
        await owner.begin((tx) => tx.unsafe(`${by === undefined ? "set local role mema_owner;" : ""} ${sql}`));
      });
      const [result] = await proveIsolation(database.db, [property]);
      expect(result).toMatchObject({ property, violations: expect.any(Number) });
      expect(result?.violations).toBeGreaterThan(0);
      expect(result?.found.join()).not.toContain("could not be made");
    } finally {
      await database.close();
    }
  });

  test("every property is broken at least once", () => {
    const broken = new Set(proofBreaks.map(({ property }) => property));
    expect(properties.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([]);
  });
});
