import { afterAll, beforeAll, expect, test } from "vitest";
import { type BlankDatabase, createBlankDatabase } from "../testing/blank-database.ts";
import { bootstrapRoles } from "./roles.ts";

let database: BlankDatabase;
beforeAll(async () => {
  database = await createBlankDatabase();
});
afterAll(() => database.close());

/** Since PostgreSQL 16 the creator of a role may not take it on by itself; the embedded engine shows it, where `session authorization` stands for a login. */
test("an owner that is no superuser can take on the roles that it created", async () => {
  await database.asOwner(async (owner) => {
    const [{ superuser } = { superuser: false }] = await owner<
      { superuser: boolean }[]
    >`select rolsuper as superuser from pg_roles where rolname = current_user`;
    if (superuser) {
      await owner.unsafe(`
        create extension vector;
        create role plain_owner login createrole;
        do $$ begin execute format('alter database %I owner to plain_owner', current_database()); end $$;
        set session authorization plain_owner`);
    }
    await bootstrapRoles(owner, superuser);
    const [seen] = await owner.begin(async (tx) => {
      await tx.unsafe("set local role mema_owner");
      return tx<{ role: string; session: string }[]>`select current_user::text as role, session_user::text as session`;
    });
    expect(seen?.role).toBe("mema_owner");
    expect(seen?.session).not.toBe("postgres");
  });
});
