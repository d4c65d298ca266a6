import { nothing } from "./expect.ts";
import type { Property } from "./property.ts";
import { throwaway } from "./stage.ts";

const { ada, ben } = throwaway;
const both = `('${ada}', '${ben}')`;

export const readingProperties: Property[] = [
  {
    id: "I1",
    guarantee: "a user never selects another's row",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const where of [
          `${table.tenant} = '${ada}'`,
          stage.isStored(table, "ada"),
          `${table.tenant} in ${both} and ${table.tenant} <> '${ben}'`,
        ]) {
          const outcome = await stage.attempt(ben, (attempt) => attempt.query(`select 1 from ${table.name} where ${where}`));
          record.tried(table.name, nothing(outcome));
        }
        const all = await stage.attempt(ben, (attempt) =>
          attempt.query(`select distinct ${table.tenant} as owner from ${table.name} limit 3`),
        );
        const others = all.rows.filter(({ owner }) => owner !== ben);
        record.tried(table.name, all.code ?? (others.length > 0 ? "without a filter it shows rows of others" : null));
      }
    },
  },
  {
    id: "I2",
    guarantee: "without a binding there are no rows, and no error",
    prove: async (stage, record) => {
      await stage.onFreshConnection(async (slot) => {
        if (stage.db.engine === "postgres") {
          // On the embedded engine all connections are one session.
          const [setting] = await slot.driver.unsafe("select current_setting('app.user_id', true) as bound");
          record.tried("a new connection", setting?.["bound"] === null ? null : "it is bound before it is used");
        }
        for (const table of stage.tables) {
          const outcome = await stage.attempt(null, (attempt) => attempt.query(`select 1 from ${table.name} limit 1`), slot);
          record.tried(table.name, nothing(outcome));
        }
      });
    },
  },
  {
    id: "I3",
    guarantee: "with an empty binding there are no rows, and no error",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const outcome = await stage.attempt("", (attempt) => attempt.query(`select 1 from ${table.name} limit 1`));
        record.tried(table.name, nothing(outcome));
      }
    },
  },
  {
    id: "I4",
    guarantee: "a malformed binding is an error, never rows",
    prove: async (stage, record) => {
      for (const malformed of ["ada", "%", ada.slice(0, 8), `${ada}x`, `${ada}' or '1'='1`, `{${ada},${ben}}`]) {
        for (const table of stage.tables) {
          const outcome = await stage.attempt(malformed, (attempt) =>
            attempt.query(`select 1 from ${table.name} where ${table.tenant} in ${both}`),
          );
          const wrong = outcome.code === "22P02" ? null : outcome.code === null ? `${outcome.count} rows and no error` : outcome.code;
          record.tried(table.name, wrong);
        }
      }
    },
  },
  {
    id: "I5",
    guarantee: "a second, unbound transaction on a used connection shows no rows",
    prove: async (stage, record) => {
      const slot = await stage.db.app.pool.acquire();
      try {
        for (const table of stage.tables) {
          await slot.driver.unsafe(
            `begin read only; ${stage.takeRole}; set local app.user_id = '${ada}'; select count(*) from ${table.name} where ${table.tenant} in ${both}; commit`,
          );
          const outcome = await stage.attempt(null, (attempt) => attempt.query(`select 1 from ${table.name} limit 1`), slot);
          record.tried(table.name, nothing(outcome));
        }
      } finally {
        stage.db.app.pool.release(slot);
      }
    },
  },
  {
    id: "I19",
    guarantee: "row-level security cannot be switched off",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        const outcome = await stage.attempt(ben, async (attempt) => {
          await attempt.query("set local row_security = off");
          return attempt.query(`select 1 from ${table.name} where ${table.tenant} in ${both}`);
        });
        record.tried(
          table.name,
          outcome.code === "42501" ? null : (outcome.code ?? `row_security = off answered with ${outcome.count} rows`),
        );
      }
    },
  },
  {
    id: "I24",
    guarantee: "a statement prepared for one user shows the next one the own rows",
    prove: async (stage, record) => {
      for (const table of stage.tables) {
        for (const plan of ["force_generic_plan", "force_custom_plan"]) {
          const outcome = await stage.attempt(ada, async (attempt) => {
            await attempt.query(`set local plan_cache_mode = ${plan}`);
            await attempt.query(`prepare proof as select ${table.tenant} as owner from ${table.name} where ${table.tenant} in ${both}`);
            const first = await attempt.query("execute proof");
            await attempt.bind(ben);
            const second = first.code === null ? await attempt.query("execute proof") : first;
            // A prepared statement outlives the rollback; after an error there is nothing to put away before it.
            if (second.code === null) await attempt.query("deallocate proof");
            return second;
          });
          const foreign = outcome.rows.filter(({ owner }) => owner !== ben).length;
          record.tried(table.name, outcome.code ?? (foreign > 0 ? `${foreign} rows of the first user (${plan})` : null));
        }
      }
    },
  },
];
