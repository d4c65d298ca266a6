import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

test("the operator sees what the newest db:check came to, a user and the worker do not", async () => {
  expect(await api.admin.system.isolationProof()).toBeNull();
  const properties = [{ property: "I1", guarantee: "nothing of another user is seen", objects: 27, attempts: 54, violations: 0 }];
  await api.database.asOwner((owner) =>
    owner.begin(async (tx) => {
      await tx`set local role mema_owner`;
      await tx`insert into ops.isolation_proofs (id, created_at, ok, engine, postgres_version, rules, findings, proof)
        values (gen_random_uuid(), '2026-01-02T03:04:05Z', true, 'postgres', '17.6', 36, 0, ${JSON.stringify(properties)}::text::jsonb)`;
    }),
  );
  expect(await api.admin.system.isolationProof()).toEqual({
    at: "2026-01-02T03:04:05.000Z",
    ok: true,
    engine: "postgres",
    postgresVersion: "17.6",
    rules: 36,
    findings: 0,
    properties,
  });
  const { caller } = await api.createUser();
  await expect(caller.system.isolationProof()).rejects.toMatchObject({ code: "FORBIDDEN" });
  await expect(api.service.system.isolationProof()).rejects.toMatchObject({ code: "FORBIDDEN" });
});
