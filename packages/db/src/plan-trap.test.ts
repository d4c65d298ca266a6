import { afterAll, beforeAll, expect, test } from "vitest";
import { withUser } from "./connection/access.ts";
import { createConversationRepository } from "./conversations.repository.ts";
import { newId } from "./schema/base.ts";
import { users } from "./schema/index.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { recordStatements, type Statement } from "./testing/statements.ts";

const rows = 20_000;
const ada = newId();
let database: TestDatabase;
let id: string;
let byId: Statement | undefined;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 1 });
  await withUser(database.db, ada, async (tx) => {
    await tx.insert(users).values({ id: ada });
    const repository = createConversationRepository(tx);
    id = (await repository.create({ title: "the one" })).id;
    const statements = recordStatements(tx);
    await repository.getById(id);
    byId = statements.at(-1);
  });
  const slot = await database.db.app.pool.acquire();
  const { role } = database.db.app;
  await slot.driver.unsafe(`begin; ${role === null ? "" : `set local role ${role};`} set local app.user_id = '${ada}'`);
  await slot.driver.unsafe(`insert into conversations (user_id, id) select '${ada}', gen_random_uuid() from generate_series(1, ${rows})`);
  await slot.driver.unsafe("commit");
  database.db.app.pool.release(slot);
  await database.asOwner((owner) => owner.unsafe("analyze conversations"));
});
afterAll(() => database.close());

interface Node {
  "Index Cond"?: string;
  "Actual Rows"?: number;
  "Rows Removed by Filter"?: number;
  Plans?: Node[];
}
const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

test.each(["force_generic_plan", "auto"])(
  "a statement that was planned while nobody was bound still finds one of 20,000 rows by the whole key (%s)",
  async (planMode) => {
    if (byId === undefined) throw new Error("nothing was asked");
    const { sql: text, params } = byId;
    const slot = await database.db.app.pool.acquire();
    const { driver } = slot;
    const { role } = database.db.app;
    const begin = (user: string) =>
      driver.unsafe(
        `begin; set local plan_cache_mode = ${planMode}; ${role === null ? "" : `set local role ${role};`} set local app.user_id = '${user}'`,
      );
    const literals = params.map((value) => (typeof value === "number" ? value : `'${String(value)}'`)).join(", ");
    try {
      await begin("");
      await driver.unsafe(`prepare by_id as ${text}`);
      for (let again = 0; again < 7; again++) expect([...(await driver.unsafe(`execute by_id (${literals})`))]).toEqual([]);
      await driver.unsafe("commit");
      await begin(ada);
      expect(await driver.unsafe(`execute by_id (${literals})`)).toHaveLength(1);
      const [explained] = await driver.unsafe<{ "QUERY PLAN": [{ Plan: Node }] }[]>(
        `explain (analyze, format json) execute by_id (${literals})`,
      );
      await driver.unsafe("commit");
      if (explained === undefined) throw new Error("nothing was explained");
      const [{ Plan: plan }] = explained["QUERY PLAN"];
      const nodes = nodesOf(plan);
      const conditions = nodes.map((node) => node["Index Cond"] ?? "").join();
      expect(conditions).toMatch(/user_id = /);
      expect(conditions).toMatch(/\bid = /);
      expect(nodes.reduce((removed, node) => removed + (node["Rows Removed by Filter"] ?? 0), 0)).toBe(0);
      expect(plan["Actual Rows"]).toBe(1);
    } finally {
      await driver.unsafe("deallocate all").catch(() => {});
      database.db.app.pool.release(slot);
    }
  },
);
