import { callTRPCProcedure, TRPCError } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createContext } from "./context.ts";
import { sampleInputs } from "./proof/sample-inputs.ts";
import { appRouter } from "./root.ts";
import { adminKey, createTestApi, serviceKey, type TestApi } from "./testing.ts";
import { fillMemory, type FilledMemory } from "./testing/memory-of.ts";
import { walkCases } from "./testing/walk-cases.ts";

const canary = "kingfisher7391";

let api: TestApi;
let ada: FilledMemory;
beforeAll(async () => {
  api = await createTestApi();
  ada = await fillMemory(api, canary);
});
afterAll(() => api.close());

/** Nobody waits for a long poll here, and no receiver is asked. */
const gone = AbortSignal.abort();

/** One procedure's failures with inputs that say the canary wherever they may; null for an answer. */
async function failuresOf(path: string): Promise<TRPCError[]> {
  const procedure = (appRouter._def.procedures as Record<string, unknown>)[path] as {
    _def: { type: "query" | "mutation"; inputs: unknown[] };
  };
  const { type, inputs } = procedure._def;
  const credential = { user: ada.apiKey, service: serviceKey, admin: adminKey, operator: adminKey, public: null }[
    walkCases[path]?.for ?? "public"
  ];
  const samples = [ada.factId, ada.reminderId, ada.leased.deliveryId].flatMap((id) => sampleInputs(path, inputs[0], id, canary));
  const failures: TRPCError[] = [];
  for (const input of [...samples, { unknown: canary }, canary]) {
    const ctx = createContext(api.services, { credential, signal: gone });
    try {
      await callTRPCProcedure({
        router: appRouter,
        path,
        type,
        ctx,
        signal: ctx.request.signal,
        batchIndex: 0,
        getRawInput: async () => input,
      });
    } catch (error) {
      if (!(error instanceof TRPCError)) throw error;
      failures.push(error);
    }
  }
  return failures;
}

const everything = Object.keys(appRouter._def.procedures).filter((path) => path !== "events.live");
/** All that an error holds for whoever gets it, its cause included. */
const spoken = (error: TRPCError) =>
  JSON.stringify([error.code, error.message, error.cause, error.cause?.message, error.cause?.stack, error.stack]);
const secrets = () => [canary, ada.apiKey, adminKey, serviceKey];
const leaks = (text: string) => secrets().filter((secret) => text.includes(secret));

test("no failure of any procedure repeats what was sent or stored", async () => {
  // Ada stays for the tests below.
  for (const path of everything.filter((path) => path !== "users.delete")) {
    for (const error of await failuresOf(path)) expect([path, error.message, leaks(spoken(error))]).toEqual([path, error.message, []]);
  }
  expect(leaks(api.logged.join("\n"))).toEqual([]);
});

test("when the database itself quotes the row, no reply and no line of the log does", { timeout: 120_000 }, async () => {
  await api.database.asOwner((owner) =>
    owner.begin((tx) =>
      tx.unsafe(`set local role mema_owner;
        create function ops.quote() returns trigger language plpgsql set search_path = pg_catalog as
          $$ begin raise exception 'row of %: %', tg_table_name, new using detail = coalesce(new::text, ''), hint = coalesce(old::text, ''); end $$;
        do $$ declare t text; begin
          for t in select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' loop
            execute format('create trigger aa_quote before insert or update or delete on public.%I for each row execute function ops.quote()', t);
          end loop;
        end $$`),
    ),
  );
  const before = api.logged.length;
  let broken = 0;
  for (const path of everything) {
    for (const error of await failuresOf(path)) {
      if (error.code === "INTERNAL_SERVER_ERROR") broken++;
      expect([path, leaks(spoken(error))]).toEqual([path, []]);
      expect([path, /row of|insert into|update "|params/i.test(spoken(error))]).toEqual([path, false]);
    }
  }
  expect(broken).toBeGreaterThan(20);
  const logged = api.logged.slice(before);
  expect(logged.filter((line) => line.includes("P0001")).length).toBeGreaterThan(20);
  expect(leaks(logged.join("\n"))).toEqual([]);
});

test("when the application may read nothing any more, every procedure that asks fails without its statement", async () => {
  await api.database.asOwner((owner) =>
    owner.begin((tx) => tx.unsafe("set local role mema_owner; revoke all on all tables in schema public from mema_app")),
  );
  let broken = 0;
  for (const path of everything) {
    for (const error of await failuresOf(path)) {
      if (error.code === "INTERNAL_SERVER_ERROR") broken++;
      expect([path, leaks(spoken(error)), /permission denied|select |from "/i.test(spoken(error))]).toEqual([path, [], false]);
    }
  }
  expect(broken).toBeGreaterThan(30);
  expect(leaks(api.logged.join("\n"))).toEqual([]);
});
