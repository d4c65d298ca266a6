import { firstColumn, queryMessage } from "./wire-messages.ts";
import type { RunMessages, WireServer } from "./wire-server.ts";

const listTables = `select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpersistence = 'p' order by c.oid desc`;

/**
 * What autovacuum and the checkpointer do elsewhere: VACUUM (ANALYZE) of every table, then CHECKPOINT. One statement at a time,
 * each in a moment when no transaction is open, with the client's statements let through in between.
 */
export async function maintain(server: WireServer, run: RunMessages): Promise<void> {
  const exclusively = async (text: string): Promise<string[]> => {
    await nextTurn();
    await server.whenIdle();
    const [role] = firstColumn(run(queryMessage("select current_setting('role')")));
    // Under a client's session role VACUUM would skip what that role does not own: borrow the superuser and give it back.
    if (role === undefined || role === "none") return firstColumn(run(queryMessage(text)));
    run(queryMessage("set role none"));
    try {
      return firstColumn(run(queryMessage(text)));
    } finally {
      run(queryMessage(`select set_config('role', '${role.replaceAll("'", "''")}', false)`));
    }
  };
  for (const table of await exclusively(listTables)) {
    try {
      await exclusively(`vacuum (analyze) ${table}`);
    } catch {
      // The table was dropped since it was listed; anything lasting shows up in CHECKPOINT.
    }
  }
  await exclusively("checkpoint");
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}
