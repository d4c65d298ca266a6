import { refused } from "./expect.ts";
import type { Property } from "./property.ts";
import { throwaway } from "./stage.ts";

const { ada, ben } = throwaway;

const same = (before: readonly unknown[], after: readonly unknown[]) => JSON.stringify(before) === JSON.stringify(after);

export const linkingProperties: Property[] = [
  {
    id: "I12",
    guarantee: "a row cannot belong to another user's parent",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const reference of table.references) {
          const parents = stage.tables.find(({ name }) => name === reference.target);
          if (parents === undefined) continue;
          const parent = stage.stored(parents, "ada");
          const links = Object.fromEntries(
            reference.columns.flatMap((column, index) =>
              column === table.tenant ? [] : [[column, parent[reference.targetColumns[index] ?? ""]]],
            ),
          );
          const row = stage.newRow(table, "ben", links);
          const outcome = await stage.attempt(ben, (attempt) => attempt.query(...stage.insert(table, row)));
          record.tried(`${table.name}.${reference.name}`, refused(outcome, "23503"));
        }
      }
    },
  },
  {
    id: "I13",
    guarantee: "deleting a row changes nothing of another user",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const wrong = await stage.attempt(ada, async (attempt) => {
          const before = await attempt.query(stage.fingerprint("ada"));
          await attempt.bind(ben);
          const outcome = await attempt.query(`delete from ${table.name} where ${stage.isStored(table, "ben")}`);
          // Rows that hang on it (23503) or a table that is only added to (42501): then nothing happened at all.
          if (outcome.code !== null) return ["23503", "42501"].includes(outcome.code) ? null : outcome.code;
          if (outcome.count !== 1) return `${outcome.count} rows were deleted instead of one`;
          await attempt.bind(ada);
          const after = await attempt.query(stage.fingerprint("ada"));
          return after.code ?? (same(before.rows, after.rows) ? null : "rows of another user changed");
        });
        record.tried(table.name, wrong);
      }
    },
  },
  {
    id: "I14",
    guarantee: "deleting a user removes everything of that user and nothing else",
    prove: async (stage, record) => {
      for (const [gone, stays] of [
        ["ada", "ben"],
        ["ben", "ada"],
      ] as const) {
        const seen = await stage.attempt(throwaway[stays], async (attempt) => {
          const before = await attempt.query(stage.fingerprint(stays));
          await attempt.bind(throwaway[gone]);
          const { code } = await attempt.query(`delete from public.users where id = '${throwaway[gone]}'`);
          if (code !== null) return { code, left: [], kept: [], before };
          const left = await attempt.query(stage.fingerprint(gone));
          await attempt.bind(throwaway[stays]);
          const kept = await attempt.query(stage.fingerprint(stays));
          return { code: left.code ?? kept.code, left: left.rows, kept: kept.rows, before };
        });
        record.tried("public.users", seen.code);
        if (seen.code !== null) continue;
        for (const { table, count } of seen.left)
          record.tried(String(table), count === 0 ? null : `${String(count)} rows outlive their user`);
        record.tried("public.users", same(seen.before.rows, seen.kept) ? null : "rows of another user changed");
      }
    },
  },
  {
    id: "I15",
    guarantee: "what users see divides the tables between them: nothing twice, nothing lost",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const [user, other] of [
          ["ada", "ben"],
          ["ben", "ada"],
        ] as const) {
          const own = await stage.attempt(throwaway[user], (attempt) =>
            attempt.query(`select 1 from ${table.name} where ${stage.isStored(table, user)}`),
          );
          record.tried(table.name, own.code ?? (own.count === 1 ? null : `${own.count} rows where the user stored one`));
          const foreign = await stage.attempt(throwaway[other], (attempt) =>
            attempt.query(`select 1 from ${table.name} where ${stage.isStored(table, user)}`),
          );
          record.tried(table.name, foreign.code ?? (foreign.count === 0 ? null : "a row that two users see"));
        }
      }
    },
  },
  {
    id: "I16",
    guarantee: "the same values, names, message ids and keys work for every user",
    prove: async (stage, record) => {
      for (const { table, code, sameValues } of stage.unfilled) {
        record.tried(table, sameValues ? `the second user's row with the same values: ${code}` : `takes no row: ${code}`);
      }
      for (const table of stage.tables.filter(({ key }) => key.includes("id"))) {
        if (table.tenant === "id") continue;
        const sameId = { ...stage.newRow(table, "ben"), id: stage.stored(table, "ada")["id"] };
        // What is found under the id of its source cannot have another user's.
        if (table.name === "public.recall_documents") continue;
        const outcome = await stage.attempt(ben, (attempt) => attempt.query(...stage.insert(table, sameId)));
        record.tried(table.name, outcome.code === null ? null : `an id that another user has: ${outcome.code}`);
      }
    },
  },
  {
    id: "I17",
    guarantee: "no error tells anything of another user",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const own = stage.stored(table, "ben");
        for (const row of [{ ...own, [table.tenant]: ada }, own, { ...stage.newRow(table, "ben"), created_at: "nonsense" }]) {
          await stage.attempt(ben, (attempt) => attempt.query(...stage.insert(table, row)));
        }
        await stage.attempt(ben, (attempt) =>
          attempt.query(`select 1 / (count(*) - count(*)) from ${table.name} where ${table.tenant} in ('${ada}', '${ben}')`),
        );
        await stage.attempt(ben, (attempt) => attempt.query(...stage.insert(table, stage.newRow(table, "ben"))));
        const told = stage.toldToBen.splice(0);
        for (const text of told) record.tried(table.name, text.includes(stage.canary) ? "an error repeats another user's text" : null);
      }
    },
  },
];
