import { sql } from "drizzle-orm";
import { withUser } from "../../connection/access.ts";
import type { Slot } from "../../connection/slot.ts";
import { nothing } from "./expect.ts";
import type { Property } from "./property.ts";
import { type Stage, throwaway } from "./stage.ts";

const { ada, ben } = throwaway;
const visible = sql`select id::text as id from public.users limit 3`;

/** How a transaction of Ada may end before somebody else gets the connection. */
const endings: [what: string, (slot: Slot, stage: Stage) => Promise<unknown>][] = [
  ["rollback", (slot) => slot.driver.unsafe("rollback")],
  [
    "an error",
    async (slot) => {
      await slot.driver.unsafe("select 1 / 0").catch(() => {});
      await slot.driver.unsafe("rollback");
    },
  ],
  [
    "a statement timeout",
    async (slot) => {
      await slot.driver.unsafe("set local statement_timeout = 1");
      await slot.driver.unsafe("select pg_sleep(1)").catch(() => {});
      await slot.driver.unsafe("rollback");
    },
  ],
];

export const connectionProperties: Property[] = [
  {
    id: "I18",
    guarantee: "row locks stay inside a user",
    prove: async (stage, record) => {
      const slots = stage.db.engine === "embedded" ? null : await stage.db.app.pool.acquire();
      try {
        await slots?.driver.unsafe(`begin; ${stage.takeRole}; set local app.user_id = '${ada}'`);
        for (const table of stage.tables.filter(({ may }) => may.update)) {
          const lock = (where: string) => `select 1 from ${table.name} where ${where} for update`;
          await slots?.driver.unsafe(lock(stage.isStored(table, "ada")));
          const foreign = await stage.attempt(ben, (attempt) => attempt.query(lock(`${table.tenant} = '${ada}'`)));
          record.tried(table.name, nothing(foreign));
          const own = await stage.attempt(ben, (attempt) => attempt.query(lock(`${table.tenant} in ('${ada}', '${ben}')`)));
          record.tried(table.name, own.code === null ? null : `waiting for another user's lock: ${own.code}`);
        }
      } finally {
        if (slots !== null) {
          await slots.driver.unsafe("rollback");
          stage.db.app.pool.release(slots);
        }
      }
    },
  },
  {
    id: "I25",
    guarantee: "however a transaction ends, the next user of the connection is nobody else",
    prove: async (stage, record) => {
      for (const [what, end] of endings) {
        const slot = await stage.db.app.pool.acquire();
        try {
          await slot.driver.unsafe(
            `begin; ${stage.takeRole}; set local app.user_id = '${ada}'; select 1 from public.users where id = '${ada}'`,
          );
          await end(slot, stage);
          const next = await stage.attempt(null, (attempt) => attempt.query("select 1 from public.users limit 1"), slot);
          record.tried(what, nothing(next));
        } finally {
          stage.db.app.pool.release(slot);
        }
      }
      const nested = await stage.attempt(ben, async (attempt) => {
        await attempt.query("savepoint inner_part");
        await attempt.bind(ada);
        await attempt.query("rollback to savepoint inner_part");
        return attempt.query(`select 1 from public.users where id = '${ada}'`);
      });
      record.tried("a rolled back savepoint", nothing(nested));
      for (const [what, interrupt] of interruptions(stage)) {
        await withUser(stage.db, ada, interrupt.body, interrupt.options).catch(() => {});
        const seen = await withUser(stage.db, ben, (tx) => tx.execute<{ id: string }>(visible));
        record.tried(what, seen.length === 1 && seen[0]?.id === ben ? null : "the next transaction sees another user");
        const unbound = await stage.attempt(null, (attempt) => attempt.query("select 1 from public.users limit 1"));
        record.tried(what, nothing(unbound));
      }
    },
  },
  {
    id: "I26",
    guarantee: "interleaved transactions over a pool see the own rows only",
    prove: async (stage, record) => {
      const turns = Array.from({ length: 200 }, (_, index) => (index % 3 === 0 ? ada : ben));
      const wrong = await Promise.all(
        turns.map((id, index) =>
          withUser(
            stage.db,
            id,
            async (tx) => [
              ...(await tx.execute<{ id: string }>(visible)),
              ...(index % 2 === 0 ? await tx.execute<{ id: string }>(visible) : []),
            ],
            { readOnly: index % 5 !== 0 },
          ).then((rows) => rows.length === 0 || rows.some((row) => row.id !== id)),
        ),
      );
      for (const bad of wrong) record.tried("public.users", bad ? "another user's row, or not the own one" : null);
    },
  },
];

type Interruption = { body: Parameters<typeof withUser<unknown>>[2]; options?: { deadlineMs?: number } };

/** Only PostgreSQL: on the embedded engine a deadline restarts the one engine, which its own tests do. */
function interruptions(stage: Stage): [what: string, Interruption][] {
  if (stage.db.engine === "embedded") return [];
  return [
    ["a killed backend", { body: (tx) => tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`) }],
    ["a deadline", { body: (tx) => tx.execute(sql`select pg_sleep(5)`), options: { deadlineMs: 20 } }],
    [
      "a caller that goes away",
      {
        body: async (tx) => {
          const slow = tx.execute(sql`select pg_sleep(0.05)`).execute();
          slow.catch(() => {});
          await Promise.race([slow, Promise.reject(new Error("went away"))]);
        },
      },
    ],
  ];
}
