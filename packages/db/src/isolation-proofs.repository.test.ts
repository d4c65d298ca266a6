import { afterAll, beforeAll, expect, test } from "vitest";
import { withUser, withWorker } from "./connection/access.ts";
import { newId } from "./schema/base.ts";
import { isolationProofs } from "./schema/index.ts";
import { createIsolationProofRepository, recordIsolationProof } from "./isolation-proofs.repository.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const last = () => withWorker(database.db, (tx) => createIsolationProofRepository(tx).last(), { readOnly: true });
const property = { property: "I1", guarantee: "nothing of another user is seen", objects: 27, attempts: 54, violations: 0 };
const run = { ok: true, engine: "postgres", rules: 36, findings: 0, proof: [property] };

test("the last result is the newest run's, without what a violation says", async () => {
  expect(await last()).toBeNull();
  const failed = { ...property, violations: 1, found: ["public.facts: 1 rows"] };
  await database.asOwner((owner) => recordIsolationProof(owner, { ...run, ok: false, proof: [failed] }));
  expect((await last())?.proof).toEqual([{ ...property, violations: 1 }]);
  await database.asOwner((owner) => recordIsolationProof(owner, run));
  expect(await last()).toMatchObject(run);
  expect((await last())?.postgresVersion).toMatch(/^\d+/);
});

test("no runtime role may write a result, and the application may not even read them", async () => {
  const forged = { ...run, id: newId(), postgresVersion: "18" };
  await expect(withWorker(database.db, (tx) => tx.insert(isolationProofs).values(forged))).rejects.toMatchObject({
    cause: { code: "42501" },
  });
  await expect(withUser(database.db, newId(), (tx) => tx.select().from(isolationProofs))).rejects.toMatchObject({
    cause: { code: "42501" },
  });
});
