import { randomBytes, randomUUID } from "node:crypto";
import { type Db, withUser } from "@mema/db";
import { alone, type ProofResult, Record as Findings, Stage, throwaway } from "@mema/db/proof";
import { callTRPCProcedure, TRPCError } from "@trpc/server";
import { sql } from "drizzle-orm";
import type { Actor, Context, Services } from "../context.ts";
import { createContext } from "../context.ts";
import { ServerKeys } from "../credentials.ts";
import { appRouter } from "../root.ts";
import { silentMeter } from "../meter.ts";
import { SignInGuard } from "../sign-in-guard.ts";
import { idFieldsOf, sampleInputs } from "./sample-inputs.ts";

interface Procedure {
  _def: { type: "query" | "mutation" | "subscription"; inputs: unknown[] };
}

const { ada, ben } = throwaway;
const words = "lighthouse keeper";
const actorOf = (userId: string): Actor => ({ type: "api_key", userId, id: randomUUID(), scopes: ["read", "write"] });

class Undo extends Error {}

/**
 * Calls every procedure of the router as one throwaway user with the ids of another's rows (see `Stage`), each call in a transaction that is
 * undone, and looks whether an answer or an error shows anything of the other, or anything of the other changed. Nothing is sent anywhere:
 * what a call announces or hands to the worker is undone with it, and private and public addresses are never reached.
 */
export async function proveProcedures(db: Db): Promise<ProofResult[]> {
  const services = offlineServices(db);
  return alone(db, async () => {
    const stage = await Stage.build(db);
    try {
      await remember(services, stage);
      const findings = new Findings();
      const ids = [...new Set(stage.tables.flatMap((table) => [stage.stored(table, "ada")["id"]]).filter((id) => typeof id === "string"))];
      const before = await fingerprint(stage);
      for (const [path, found] of Object.entries<unknown>(appRouter._def.procedures)) {
        const procedure = found as Procedure;
        const [schema] = procedure._def.inputs;
        const reached = new Set<string>();
        for (const id of idsFor(stage, path, idFieldsOf(schema))) {
          for (const input of sampleInputs(path, schema, id, words)) {
            const { code, said, changed } = await call(stage, before, services, path, procedure, input);
            reached.add(code);
            findings.tried(path, changed ? "it changes rows of another user" : tracesOf(stage, ids, said, input));
          }
        }
        const refusals = ["BAD_REQUEST", "INTERNAL_SERVER_ERROR"];
        if ([...reached].every((code) => refusals.includes(code))) {
          findings.tried(path, `was never reached (${[...reached].join(", ")}): say in sample-inputs.ts how it is called`);
        }
      }
      return [
        findings.result({ id: "procedures", guarantee: "no procedure shows or changes another user's data, whatever id it is given" }),
      ];
    } finally {
      await stage.strike();
    }
  });
}

/** Her ids of the tables that a procedure's path or fields name, and her own; all of them where none is named. */
function idsFor(stage: Stage, path: string, fields: string | null): string[] {
  if (fields === null) return [ada];
  const rows = stage.tables.map((table) => ({ stem: stemOf(table.name), id: stage.stored(table, "ada")["id"] }));
  const named = rows.filter(({ stem }) => `${path} ${fields}`.toLowerCase().includes(stem));
  const ids = (named.length === 0 ? rows : named).map(({ id }) => id).filter((id) => typeof id === "string");
  return [...new Set([ada, ...ids])];
}

/** public.reminder_deliveries is what a field deliveryId names. */
const stemOf = (table: string): string => table.replace(/^.*[._]/, "").replace(/(ies|s)$/, "");

/** Services that reach nothing but the database. */
function offlineServices(db: Db): Services {
  const silent = () => {};
  return {
    db,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    limits: { messagesPerHour: 1_000_000 },
    serverKeys: new ServerKeys([]),
    signInGuard: new SignInGuard(),
    secretKey: randomBytes(32),
    allowPrivateWebhooks: false,
    mail: null,
    meter: silentMeter,
    closing: AbortSignal.abort(),
  };
}

/** What is stored through the API is searchable, too. */
async function remember(services: Services, stage: Stage): Promise<void> {
  const content = `the ${words} ${stage.canary} lives in Oslo`;
  const ctx = { ...createContext(services), actor: actorOf(ada) };
  const { id } = (await run(ctx, "entities.create", "mutation", { canonicalName: `${words} ${stage.canary}` })) as { id: string };
  await run(ctx, "facts.create", "mutation", { content, entityIds: [id] });
  await run(ctx, "messages.ingest", "mutation", { messages: [{ text: content }] });
}

const fingerprint = async (stage: Stage): Promise<string> =>
  JSON.stringify((await stage.attempt(ada, (attempt) => attempt.query(stage.fingerprint("ada")))).rows);

interface Called {
  code: string;
  said: string;
  changed: boolean;
}

async function call(stage: Stage, before: string, services: Services, path: string, { _def }: Procedure, input: unknown): Promise<Called> {
  let code = "OK";
  let changed = false;
  let said = "";
  const attempt = async (ctx: Context) => {
    try {
      const answer = await run(ctx, path, _def.type, input);
      said = JSON.stringify(_def.type === "subscription" ? await firstOf(answer) : answer) ?? "";
    } catch (error) {
      if (!(error instanceof TRPCError)) throw error;
      code = error.code;
      said = JSON.stringify([error.message, error.cause]);
    }
  };
  const asBen = { ...createContext(services), actor: actorOf(ben) };
  if (_def.type === "query") {
    await attempt(asBen);
    return { code, said, changed };
  }
  const undone = withUser(services.db, ben, async (tx) => {
    await attempt({ ...asBen, tx });
    if (code === "OK") {
      // The same transaction, seen by her: what the call changed is still there.
      await tx.execute(sql`select set_config('app.user_id', ${ada}, true)`);
      changed = JSON.stringify([...(await tx.execute(sql.raw(stage.fingerprint("ada"))))]) !== before;
    }
    throw new Undo();
  });
  await undone.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
  return { code, said, changed };
}

async function firstOf(stream: unknown): Promise<unknown> {
  const iterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = await iterator.next();
  await iterator.return?.();
  return first.value;
}

function run(ctx: Context, path: string, type: Procedure["_def"]["type"], input: unknown): Promise<unknown> {
  const { signal } = ctx.request;
  return callTRPCProcedure({ router: appRouter, path, type, ctx, signal, batchIndex: 0, getRawInput: async () => input });
}

/** Her words, her user id, or an id of hers that the caller did not name. */
function tracesOf(stage: Stage, ids: readonly string[], said: string, input: unknown): string | null {
  if (said.includes(stage.canary)) return "it shows another user's text";
  const given = JSON.stringify(input) ?? "";
  return [ada, ...ids].some((id) => said.includes(id) && !given.includes(id)) ? "it shows an id of another user" : null;
}
