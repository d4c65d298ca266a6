import { readMigrationFiles } from "drizzle-orm/migrator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Catalog, readCatalog } from "../check/catalog.ts";
import { withUser } from "../connection/access.ts";
import { newId } from "../schema/base.ts";
import { facts, users } from "../schema/index.ts";
import { type BlankDatabase, createBlankDatabase } from "../testing/blank-database.ts";
import { migrationsAnd } from "./fixture-migrations.ts";
import { migrationsFolder, pendingMigrations, runMigrations } from "./run-migrations.ts";

const total = readMigrationFiles({ migrationsFolder }).length;

let database: BlankDatabase;
beforeEach(async () => {
  database = await createBlankDatabase();
});
afterEach(() => database.close());

const migrate = (options = {}) => runMigrations(database.connection, { passwords: {}, ...options });

/** The catalog in a form that is equal when the databases are: sorted, and without the database's own name. */
async function snapshot(of: BlankDatabase = database): Promise<Record<string, string[]>> {
  const catalog = await of.asOwner((owner) => readCatalog(owner));
  const parts = Object.entries(catalog).filter(([name]) => name !== "versionNumber") as [keyof Catalog, object[]][];
  return Object.fromEntries(
    parts.map(([name, rows]) => [
      name,
      rows.map((row) => JSON.stringify("kind" in row && row.kind === "database" ? { ...row, object: "" } : row)).toSorted(),
    ]),
  );
}

const addOneMore = async (statements: string) => {
  const { folder, remove } = migrationsAnd(statements);
  try {
    return await migrate({ folder });
  } finally {
    remove();
  }
};

describe("from nothing", () => {
  test("applies all migrations, and the second time none, with the same catalog", async () => {
    expect(await database.asOwner(pendingMigrations)).toBe(total);
    expect(await migrate()).toEqual({ applied: total, total });
    const first = await snapshot();
    expect(await database.asOwner(pendingMigrations)).toBe(0);
    expect(await migrate()).toEqual({ applied: 0, total });
    expect(await snapshot()).toEqual(first);
  });

  test("what was changed since by hand is put right: force taken off, a right too many", async () => {
    await migrate();
    const head = await snapshot();
    await database.asOwner(async (owner) => {
      await owner.unsafe("set role mema_owner; alter table public.facts no force row level security");
      await owner.unsafe("grant delete on public.events to mema_app; reset role");
    });
    expect(await snapshot()).not.toEqual(head);
    expect(await migrate()).toEqual({ applied: 0, total });
    expect(await snapshot()).toEqual(head);
  });

  test("from every earlier version leads to the same catalog", { timeout: 120_000 }, async () => {
    await migrate();
    const head = await snapshot();
    for (let version = 1; version < total; version++) {
      const older = await createBlankDatabase();
      try {
        expect(await runMigrations(older.connection, { passwords: {}, upTo: version })).toEqual({ applied: version, total: version });
        expect(await runMigrations(older.connection, { passwords: {} })).toEqual({ applied: total - version, total });
        expect(await snapshot(older)).toEqual(head);
      } finally {
        await older.close();
      }
    }
  });
});

describe("a migration that fails", () => {
  test("leaves the database as it was, forced row-level security on, and says what failed and what to do", async () => {
    await migrate();
    const before = await snapshot();
    const failing = addOneMore(
      "alter table facts add column half_done text;\n--> statement-breakpoint\nupdate facts set content = content where 1 / 0 = 1 or true and (select 1 / 0) = 1;",
    );
    await expect(failing).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    await expect(failing).rejects.toThrow(/division by zero[\s\S]*update facts set content[\s\S]*Nothing was changed\. Correct the cause/);
    expect(await snapshot()).toEqual(before);
    expect(before["relations"]?.filter((row) => row.includes('"schema":"public"') && !row.includes('"forced":true'))).toEqual([]);
    expect(await migrate()).toEqual({ applied: 0, total });
  });

  test("and one that would open a hole is undone, with the rule's name and the remedy", async () => {
    await migrate();
    const before = await snapshot();
    const opening = addOneMore("create table jottings (id uuid primary key, created_at timestamptz not null default now());");
    await expect(opening).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    await expect(opening).rejects.toThrow(
      /nothing was changed[\s\S]*policy_missing: public\.jottings\n\s+Declare the table with tenantTable/,
    );
    expect(await snapshot()).toEqual(before);
  });
});

test("a data migration reaches the rows of all users, in spite of forced row-level security", async () => {
  await migrate();
  const ids = [newId(), newId(), newId()];
  await database.asClient(async (db) => {
    for (const id of ids) {
      await withUser(db, id, async (tx) => {
        await tx.insert(users).values({ id });
        await tx.insert(facts).values({ userId: id, content: "before" });
      });
    }
  });
  await addOneMore("update facts set content = 'after';");
  const contents = await database.asClient(async (db) => {
    const seen: string[] = [];
    for (const id of ids) {
      const rows = await withUser(db, id, (tx) => tx.select({ content: facts.content }).from(facts), { readOnly: true });
      seen.push(...rows.map((row) => row.content));
    }
    return seen;
  });
  expect(contents).toEqual(["after", "after", "after"]);
});

test("a foreign key over rows that break it fails, instead of being taken as valid", async () => {
  await migrate();
  const id = newId();
  await database.asClient((db) => withUser(db, id, (tx) => tx.insert(users).values({ id, name: "Ada" })));
  const failing = addOneMore(
    "alter table users add constraint users_name_fk foreign key (id, email) references messages (user_id, source); -- no unique key there",
  );
  await expect(failing).rejects.toThrow(/no unique constraint/);
  const violating = addOneMore(`
    create table jottings (user_id uuid not null references users (id) on delete cascade, id uuid not null, created_at timestamptz not null default now(),
      fact_id uuid not null, primary key (user_id, id));
    insert into jottings (user_id, id, fact_id) select id, gen_random_uuid(), gen_random_uuid() from users;
    alter table jottings add foreign key (user_id, fact_id) references facts (user_id, id);`);
  await expect(violating).rejects.toThrow(/violates foreign key constraint/);
});

test("a database of a newer version is refused by an older one, and left alone", async () => {
  await migrate();
  await addOneMore("select 1;");
  const newer = await snapshot();
  expect(await database.asOwner(pendingMigrations)).toBe(-1);
  await expect(migrate()).rejects.toThrow("This database was migrated by a newer version of Mema");
  expect(await snapshot()).toEqual(newer);
});
