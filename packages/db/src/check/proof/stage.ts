import { randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import type { Db } from "../../connection/client.ts";
import type { Slot } from "../../connection/slot.ts";
import { sqlState } from "../../errors.ts";
import { type Catalog, readCatalog } from "../catalog.ts";
import { fill, isRow, keptByTriggers, parentsFirst, type ProofTable, type Row, type Text } from "./rows.ts";
import { describeTables } from "./tables.ts";

/** The throwaway users. Their ids never change: a run that was ended in the middle is cleaned up by the next one. */
export const throwaway = {
  ada: "00000000-0000-7000-8000-00000000ada0",
  ben: "00000000-0000-7000-8000-00000000be00",
} as const;

/** What one statement of an attempt came to. `code` is its SQLSTATE, null when it succeeded; `count` the rows that it returned or changed. */
export interface Outcome {
  rows: Row[];
  count: number;
  code: string | null;
}

/** One transaction as the application's role. It is always undone. */
export interface Attempt {
  query(text: string, parameters?: unknown[]): Promise<Outcome>;
  /** Binds the transaction to a user from here on; any text, to try what a malformed one does. */
  bind(user: string): Promise<void>;
}

const settings = "set local lock_timeout = '2s'; set local statement_timeout = '10s'";

/** Where attempts are made: a database, two users with a row in every tenant table, and every error that either of them was told. */
export class Stage {
  readonly db: Db;
  readonly catalog: Catalog;
  readonly tables: ProofTable[];
  /** The stored rows of each user, by table. */
  readonly rows: Record<"ada" | "ben", Map<string, Row>> = { ada: new Map(), ben: new Map() };
  /** In texts of Ada and of nobody else. */
  readonly canary = `canary-${randomBytes(8).toString("hex")}`;
  /** What Ben was told when something failed. */
  readonly toldToBen: string[] = [];
  /** Tables that did not take the row of the second user with the first one's values, or no row at all. */
  readonly unfilled: { table: string; user: "ada" | "ben"; code: string | null; sameValues: boolean }[] = [];

  private constructor(db: Db, catalog: Catalog, tables: ProofTable[]) {
    this.db = db;
    this.catalog = catalog;
    this.tables = tables;
  }

  /** Removes what an earlier run left, then stores the rows. Readies a stage that must be struck. */
  static async build(db: Db): Promise<Stage> {
    const slot = await db.app.pool.acquire();
    let stage: Stage;
    try {
      const catalog = await readCatalog(slot.driver);
      stage = new Stage(db, catalog, parentsFirst(await describeTables(slot.driver, catalog)));
    } finally {
      db.app.pool.release(slot);
    }
    await stage.strike();
    await stage.#fill("ada");
    await stage.#fill("ben");
    return stage;
  }

  /** Removes the throwaway users with everything that they have. Throws when something stays. */
  async strike(): Promise<void> {
    for (const user of ["ada", "ben"] as const) {
      const id = throwaway[user];
      const gone = await this.#remove(id, "public.users", "id").catch(() => false);
      if (gone === false || (await this.#left(user)).length > 0) {
        // A database that lets rows outlive their user: the proof says so, and leaves none there all the same.
        for (const { name, tenant, may } of this.tables.toReversed()) if (may.delete) await this.#remove(id, name, tenant).catch(() => {});
      }
      const left = await this.#left(user);
      if (left.length > 0) throw new Error(`The proof left rows of its throwaway user ${id} in ${left.join(", ")}: remove them by hand.`);
    }
  }

  /** Makes an attempt, bound to a user (null: not bound at all) and undone afterwards. */
  async attempt<T>(user: string | null, body: (attempt: Attempt) => Promise<T>, on?: Slot): Promise<T> {
    const slot = on ?? (await this.db.app.pool.acquire());
    const { driver } = slot;
    let bound = user;
    const query = async (text: string, parameters: unknown[] = []): Promise<Outcome> => {
      try {
        const answer = await driver.unsafe<Row[]>(text, parameters as never[]);
        return { rows: [...answer], count: answer.count ?? answer.length, code: null };
      } catch (error) {
        if (bound === throwaway.ben) this.toldToBen.push(spoken(error));
        const code = sqlState(error);
        if (code === null) throw error;
        return { rows: [], count: 0, code };
      }
    };
    const bind = async (next: string) => {
      bound = next;
      await driver.unsafe(`select set_config('app.user_id', $1, true)`, [next]);
    };
    try {
      await driver.unsafe(`begin; ${settings}; ${this.takeRole}`);
      if (user !== null) await bind(user);
      return await body({ query, bind });
    } finally {
      if (!slot.dead) await driver.unsafe("rollback");
      if (on === undefined) this.db.app.pool.release(slot);
    }
  }

  /** Runs on a connection that nobody has used before. */
  async onFreshConnection<T>(body: (slot: Slot) => Promise<T>): Promise<T> {
    const used = await this.db.app.pool.acquire();
    await used.end();
    this.db.app.pool.release(used);
    const slot = await this.db.app.pool.acquire();
    try {
      return await body(slot);
    } finally {
      this.db.app.pool.release(slot);
    }
  }

  /** Taken on in each transaction, unless the login is the role already. */
  get takeRole(): string {
    return this.db.app.role === null ? "" : `set local role ${this.db.app.role}`;
  }

  /** A further row of a table, which nothing stored conflicts with. `links` are its foreign keys' values, in place of the user's own. */
  newRow(table: ProofTable, user: "ada" | "ben", links: Row = {}): Row {
    return fill(table, throwaway[user], this.rows[user], texts(user, randomBytes(6).toString("hex"), "kept"), links);
  }

  insert(table: ProofTable, row: Row): [text: string, parameters: unknown[]] {
    const columns = Object.keys(row);
    const values = columns.map((column, index) => `$${index + 1}::text::${typeOf(table, column)}`);
    const parameters = columns.map((column) => row[column]);
    return [`insert into ${table.name} (${columns.map((column) => `"${column}"`).join(", ")}) values (${values.join(", ")})`, parameters];
  }

  /** Whether a row is the one that a user stored, as a condition with literals. */
  isStored(table: ProofTable, user: "ada" | "ben"): string {
    return isRow(table, this.stored(table, user));
  }

  stored(table: ProofTable, user: "ada" | "ben"): Row {
    return this.rows[user].get(table.name) ?? { [table.tenant]: throwaway[user] };
  }

  /** One statement that gives a fingerprint of everything that a user has. Run it bound to that user. */
  fingerprint(user: "ada" | "ben"): string {
    return this.tables
      .map(
        (table) =>
          `select '${table.name}' as "table", count(*)::int as count, coalesce(md5(string_agg(t::text, ',' order by t::text)), '') as sum
           from (select ${table.readable.join(", ")} from ${table.name} where ${table.tenant} = '${throwaway[user]}') t`,
      )
      .join(" union all ");
  }

  async #fill(user: "ada" | "ben"): Promise<void> {
    for (const table of this.tables) {
      const same = fill(table, throwaway[user], this.rows[user], texts(user, "same", user === "ada" ? this.canary : "kept"), {});
      let code = await this.#store(table, user, same);
      if (code !== null) {
        this.unfilled.push({ table: table.name, user, code, sameValues: true });
        code = await this.#store(table, user, this.newRow(table, user));
        if (code !== null) this.unfilled.push({ table: table.name, user, code, sameValues: false });
      }
    }
  }

  async #left(user: "ada" | "ben"): Promise<string[]> {
    const { rows } = await this.attempt(throwaway[user], (attempt) => attempt.query(this.fingerprint(user)));
    return rows.flatMap(({ table, count }) => (count === 0 ? [] : [String(table)]));
  }

  async #remove(user: string, table: string, tenant: string): Promise<void> {
    await this.#committed(user, async (driver) => {
      await driver.unsafe(`delete from ${table} where ${tenant} = $1`, [user]);
    });
  }

  async #store(table: ProofTable, user: "ada" | "ben", row: Row): Promise<string | null> {
    try {
      await this.#committed(throwaway[user], async (driver) => {
        const [text, parameters] = this.insert(table, row);
        await driver.unsafe(keptByTriggers(table) ? `${text} on conflict do nothing` : text, parameters as never[]);
      });
      this.rows[user].set(table.name, row);
      return null;
    } catch (error) {
      return sqlState(error) ?? "unknown";
    }
  }

  async #committed(user: string, body: (driver: Sql) => Promise<void>): Promise<void> {
    const slot = await this.db.app.pool.acquire();
    try {
      await slot.driver.unsafe(`begin; ${settings}; ${this.takeRole}; set local app.user_id = '${user}'`);
      await body(slot.driver);
      await slot.driver.unsafe("commit");
    } catch (error) {
      if (!slot.dead) await slot.driver.unsafe("rollback");
      throw error;
    } finally {
      this.db.app.pool.release(slot);
    }
  }
}

const texts = (user: string, salt: string, free: string): Text => ({
  unique: `proof-${salt}`,
  number: 1 + (Number.parseInt(salt, 36) % 30_000),
  free,
  global: `proof-${salt}-${user}`,
});

const typeOf = (table: ProofTable, name: string) => table.columns.find((column) => column.name === name)?.type ?? "text";

/** Everything that an error says to whoever reads it. */
const spoken = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { detail, hint, where, constraint_name: constraint } = error as Error & Record<string, unknown>;
  return [error.message, detail, hint, where, constraint].filter((part) => typeof part === "string").join(" | ");
};
