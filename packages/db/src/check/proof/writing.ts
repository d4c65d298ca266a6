import { refused, unchanged } from "./expect.ts";
import type { Property } from "./property.ts";
import type { ProofTable, Row } from "./rows.ts";
import { type Attempt, type Outcome, type Stage, throwaway } from "./stage.ts";

const { ada, ben } = throwaway;
const touch = "created_at = created_at";

/** Runs as Ben, then looks as Ada, in the same transaction, whether anything of hers is another. */
async function changesAda(
  stage: Stage,
  asBen: (attempt: Attempt) => Promise<Outcome>,
  harmless: (outcome: Outcome) => string | null,
): Promise<string | null> {
  return stage.attempt(ada, async (attempt) => {
    const before = await attempt.query(stage.fingerprint("ada"));
    await attempt.bind(ben);
    const outcome = await asBen(attempt);
    if (outcome.code !== null) return harmless(outcome);
    await attempt.bind(ada);
    const after = await attempt.query(stage.fingerprint("ada"));
    if (after.code !== null) return after.code;
    return JSON.stringify(before.rows) === JSON.stringify(after.rows) ? harmless(outcome) : "rows of another user changed";
  });
}

/** Values of another row's key, with the unique columns of the row itself. */
const withKeyOf = (stage: Stage, table: ProofTable, fresh: Row): Row => {
  const stored = stage.stored(table, "ada");
  return { ...fresh, ...Object.fromEntries(table.key.map((column) => [column, stored[column]])) };
};

export const writingProperties: Property[] = [
  {
    id: "I6",
    guarantee: "an insert with another user's id is refused",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const outcome = await stage.attempt(ben, (attempt) => attempt.query(...stage.insert(table, stage.newRow(table, "ada"))));
        record.tried(table.name, refused(outcome, "42501"));
      }
    },
  },
  {
    id: "I7",
    guarantee: "an update of another user's row changes nothing",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const where of [`${table.tenant} = '${ada}'`, stage.isStored(table, "ada")]) {
          const outcome = await stage.attempt(ben, (attempt) => attempt.query(`update ${table.name} set ${touch} where ${where}`));
          record.tried(table.name, unchanged(outcome, table.may.update));
        }
      }
    },
  },
  {
    id: "I8",
    guarantee: "an own row cannot be given to another user",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const set = `update ${table.name} set ${table.tenant} = '${ada}' where ${stage.isStored(table, "ben")}`;
        record.tried(table.name, refused(await stage.attempt(ben, (attempt) => attempt.query(set)), "42501"));
      }
    },
  },
  {
    id: "I9",
    guarantee: "a deletion of another user's row removes nothing",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const where of [`${table.tenant} = '${ada}'`, stage.isStored(table, "ada")]) {
          const outcome = await stage.attempt(ben, (attempt) => attempt.query(`delete from ${table.name} where ${where}`));
          record.tried(table.name, unchanged(outcome, table.may.delete));
        }
      }
    },
  },
  {
    id: "I10",
    guarantee: "ON CONFLICT never changes another user's row",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const key = table.key.map((column) => `"${column}"`).join(", ");
        const [insert, parameters] = stage.insert(table, withKeyOf(stage, table, stage.newRow(table, "ada")));
        const [own, ownParameters] = stage.insert(table, stage.newRow(table, "ben"));
        for (const action of ["nothing", ...(table.may.update ? [`update set ${table.tenant} = excluded.${table.tenant}`] : [])]) {
          record.tried(
            table.name,
            await changesAda(
              stage,
              (attempt) => attempt.query(`${insert} on conflict (${key}) do ${action}`, parameters),
              (outcome) => refused(outcome, "42501"),
            ),
          );
          // Triggers may have made the own row before; that is no other user's.
          record.tried(
            table.name,
            await changesAda(
              stage,
              (attempt) => attempt.query(`${own} on conflict do nothing`, ownParameters),
              ({ code }) => (code === null || code === "23505" ? null : code),
            ),
          );
        }
      }
    },
  },
  {
    id: "I11",
    guarantee: "MERGE never changes another user's row",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const source = `merge into ${table.name} t using (select '${ada}'::uuid as who) s on t.${table.tenant} = s.who when matched then`;
        for (const [action, may] of [
          [`update set ${touch}`, table.may.update],
          ["delete", table.may.delete],
        ] as const) {
          record.tried(
            table.name,
            await changesAda(
              stage,
              (attempt) => attempt.query(`${source} ${action}`),
              (outcome) => unchanged(outcome, may),
            ),
          );
        }
      }
    },
  },
];
