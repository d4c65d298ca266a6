import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Catalog, isTable, readCatalog } from "../check/catalog.ts";
import { withSignIn, withWorker } from "../connection/access.ts";
import type { Db } from "../connection/client.ts";
import type { Queries } from "../connection/queries.ts";
import { sqlState } from "../errors.ts";
import { createTestDatabase, type TestDatabase } from "../testing/database.ts";
import { migratorGrants, opsGrants, signInColumns, workerColumns } from "./access-matrix.ts";

let database: TestDatabase;
let catalog: Catalog;
beforeAll(async () => {
  database = await createTestDatabase();
  catalog = await database.asOwner((owner) => readCatalog(owner));
});
afterAll(() => database.close());

type Verb = "select" | "insert" | "update" | "delete";
const doors = {
  mema_worker: { columns: workerColumns, enter: (db: Db, body: (tx: Queries) => Promise<unknown>) => withWorker(db, body) },
  mema_auth: { columns: signInColumns, enter: (db: Db, body: (tx: Queries) => Promise<unknown>) => withSignIn(db, body) },
} as const;
type WalkedRole = keyof typeof doors;

/** EXPLAIN asks for the rights and runs nothing. */
const statementOf: Record<Verb, (table: string, column: string) => string> = {
  select: (table, column) => `explain select ${column} from ${table}`,
  insert: (table, column) => `explain insert into ${table} (${column}) values (default)`,
  update: (table, column) => `explain update ${table} set ${column} = default`,
  delete: (table) => `explain delete from ${table}`,
};

async function may(role: WalkedRole, statement: string): Promise<boolean> {
  try {
    await doors[role].enter(database.db, (tx) => tx.execute(sql.raw(statement)));
    return true;
  } catch (error) {
    if (sqlState(error) === "42501") return false;
    throw error;
  }
}

/** What the matrix says that a role may do with a column. */
function expected(role: WalkedRole, schema: string, table: string, column: string, verb: Verb): boolean {
  if (schema === "public") {
    const grants = doors[role].columns[table];
    return (
      (verb === "select" && grants?.select.includes(column) === true) || (verb === "update" && grants?.update?.includes(column) === true)
    );
  }
  const matrix = schema === "ops" ? opsGrants : migratorGrants;
  return (matrix[table]?.[role] ?? []).includes(verb.toUpperCase());
}

describe.each(["mema_worker", "mema_auth"] as const)("%s, by every table and column of the catalog", (role) => {
  test.each(["select", "insert", "update", "delete"] as const)(
    "%ss exactly what the access matrix names",
    { timeout: 120_000 },
    async (verb) => {
      const tables = catalog.relations.filter((relation) => isTable(relation));
      expect(tables.length).toBeGreaterThan(30);
      const wrong: string[] = [];
      let allowed = 0;
      for (const { schema, name } of tables) {
        const columns = catalog.columns.filter((column) => column.schema === schema && column.table === name);
        for (const column of verb === "delete" ? columns.slice(0, 1) : columns) {
          const wanted = expected(role, schema, name, column.name, verb);
          if (wanted) allowed++;
          const can = await may(role, statementOf[verb](`"${schema}"."${name}"`, `"${column.name}"`));
          if (can !== wanted) wrong.push(`${schema}.${name}.${column.name}: ${can ? "may" : "may not"}`);
        }
      }
      expect(wrong).toEqual([]);
      if (verb === "select") expect(allowed).toBeGreaterThan(10);
    },
  );

  test("reaches no user's text: the only texts it reads are states, hashes and names of models and providers", () => {
    const read = catalog.columns.filter(({ schema, table, name }) => schema === "public" && expected(role, schema, table, name, "select"));
    const texts = read.filter(({ type }) => /text|json|char/.test(type)).map(({ table, name }) => `${table}.${name}`);
    const states = ["reminders.status", "reminders.priority", "reminder_occurrences.status", "reminder_deliveries.priority"];
    const ofWorker = [...states, "channels.type", "reminder_deliveries.status", "recall_embedding_queue.model", "reminders.tzdata_version"];
    const ofSignIn = [
      "users.status",
      "user_auths.provider",
      "user_auths.external_id",
      "sessions.token_hash",
      "api_keys.key_hash",
      "api_keys.scopes",
    ];
    expect(texts.toSorted()).toEqual((role === "mema_worker" ? ofWorker : ofSignIn).toSorted());
  });
});
