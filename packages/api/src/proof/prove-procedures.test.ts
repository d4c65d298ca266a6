import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApi, type TestApi } from "../testing.ts";
import { appRouter } from "../root.ts";
import { proveProcedures } from "./prove-procedures.ts";

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});
afterAll(() => api.close());

test("every procedure is tried, none shows or changes another user's data, and no row stays", async () => {
  const [result] = await proveProcedures(api.database.db);
  expect(result?.found).toEqual([]);
  expect(result?.objects).toBe(Object.keys(appRouter._def.procedures).length);
  expect(await proveProcedures(api.database.db)).toMatchObject([{ violations: 0, attempts: result?.attempts }]);
});

test("notices a procedure through which rows of another user go", async () => {
  await api.database.asOwner((owner) =>
    owner.begin((tx) =>
      tx.unsafe(`set local role mema_owner; alter table invites no force row level security;
        create function ops.tidy() returns trigger language plpgsql security definer set search_path = pg_catalog as
          $$ begin delete from public.invites where user_id <> new.user_id; return new; end $$;
        create trigger tidy after insert on facts for each row when (new.content = 'lighthouse keeper') execute function ops.tidy()`),
    ),
  );
  const [result] = await proveProcedures(api.database.db);
  expect(result?.found).toEqual(expect.arrayContaining(["facts.create: it changes rows of another user"]));
});
