import { callTRPCProcedure, isTrackedEnvelope, TRPCError } from "@trpc/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createContext, type RequestFacts } from "./context.ts";
import { appRouter } from "./root.ts";
import { adminKey, createTestApi, serviceKey, type TestApi } from "./testing.ts";
import { fillMemory, type FilledMemory, rowsOf } from "./testing/memory-of.ts";
import { type WalkCase, walkCases } from "./testing/walk-cases.ts";

let api: TestApi;
let ada: FilledMemory;
let ben: FilledMemory;
beforeAll(async () => {
  api = await createTestApi();
  ada = await fillMemory(api, "kingfisher");
  ben = await fillMemory(api, "nightjar");
});
afterAll(() => api.close());

interface Procedure {
  _def: { type: "query" | "mutation" | "subscription"; inputs: unknown[] };
}
// Flat at run time, "facts.create" and so on; its type is the nested router.
const procedures: Record<string, Procedure> = Object.fromEntries(
  Object.entries<unknown>(appRouter._def.procedures).map(([path, found]) => [path, found as Procedure]),
);
const paths = Object.keys(procedures);

async function run(path: string, credential: string | null, input: unknown, request: Partial<RequestFacts> = {}): Promise<unknown> {
  const type = procedures[path]?._def.type ?? "query";
  const signal = new AbortController().signal;
  const ctx = createContext(api.services, { credential, ...request });
  return callTRPCProcedure({ router: appRouter, path, type, ctx, signal, batchIndex: 0, getRawInput: async () => input });
}

/** The code that a call failed with; "OK" when it did not. */
async function outcome(path: string, credential: string | null, input: unknown): Promise<string> {
  try {
    await run(path, credential, input);
    return "OK";
  } catch (error) {
    if (error instanceof TRPCError) return error.code;
    throw error;
  }
}

/** What of Ada's a text shows: her word, her ids. */
function tracesOfAda(value: unknown): string[] {
  const { caller: _caller, leased, ...own } = ada;
  const text = JSON.stringify(value) ?? "";
  return [...Object.entries(own), ["leased", leased.deliveryId] as const].flatMap(([name, id]) => (text.includes(id) ? [name] : []));
}

const caseOf = (path: string): WalkCase => {
  const found = walkCases[path];
  if (found === undefined) throw new Error(`${path} is not in testing/walk-cases.ts: say whose it is and how a stranger would misuse it`);
  return found;
};

const credentialOf = (path: string): string | null =>
  ({ user: ben.apiKey, service: serviceKey, admin: adminKey, operator: adminKey, public: null })[caseOf(path).for];

test("the walk knows every procedure of the router, and no other", () => {
  expect(Object.keys(walkCases).toSorted()).toEqual(paths.toSorted());
});

test("what is walked over is there: rows in the tables that the API fills, in both memories", async () => {
  for (const { userId } of [ada, ben]) {
    const tables = await rowsOf(api.services.db, userId);
    const filled = Object.keys(tables).filter((name) => (tables[name]?.rows ?? 0) > 0);
    expect(filled.map((name) => name.replace("public.", ""))).toEqual(
      expect.arrayContaining(
        "api_keys audit_log channels conversations entities events fact_entities facts messages reminder_occurrences reminders users".split(
          " ",
        ),
      ),
    );
    expect(filled.length).toBeGreaterThanOrEqual(16);
  }
});

describe.each(paths)("%s", (path) => {
  test("refuses every kind of credential but its own", async () => {
    const { for: own } = caseOf(path);
    const { apiKey } = await api.createUser();
    const allowed = {
      user: ["user"],
      admin: ["admin"],
      service: ["service"],
      operator: ["admin", "service"],
      public: ["none", "user", "admin", "service"],
    }[own];
    const credentials = { none: null, user: apiKey, admin: adminKey, service: serviceKey };
    for (const [kind, credential] of Object.entries(credentials)) {
      const code = await outcome(path, credential, undefined);
      if (allowed.includes(kind)) expect([kind, code]).not.toEqual([kind, expect.stringMatching(/UNAUTHORIZED|FORBIDDEN|INTERNAL/)]);
      else expect([kind, code]).toEqual([kind, kind === "none" ? "UNAUTHORIZED" : "FORBIDDEN"]);
    }
  });

  test("a read-only key may not change anything, a write-only key may not read", async () => {
    if (caseOf(path).for !== "user") return expect(caseOf(path).for).not.toBe("user");
    const { caller } = await api.createUser();
    const scope = procedures[path]?._def.type === "mutation" ? "read" : "write";
    const { apiKey } = await caller.apiKeys.create({ name: "half", scopes: [scope] });
    expect(await outcome(path, apiKey, undefined)).toBe("FORBIDDEN");
  });

  test("heeds an Idempotency-Key or refuses it, and never ignores it", async () => {
    if (procedures[path]?._def.type !== "mutation") return expect(procedures[path]?._def.type).toBeDefined();
    // In a batch the key is refused by whoever heeds it as well.
    const keyed = run(path, credentialOf(path), undefined, { idempotencyKey: "walk", batched: true });
    await expect(keyed).rejects.toMatchObject({ code: "BAD_REQUEST", cause: { issues: [{ path: ["Idempotency-Key"] }] } });
  });

  test("tries every id that it takes, finds nothing of another user's and changes nothing", async () => {
    const { for: own, notFound = () => [], nothing = () => [], ownIds = [] } = caseOf(path);
    const attempts = [...notFound(ada, ben), ...nothing(ada, ben)];
    const tried = new Set(attempts.flatMap((input) => [...fieldsWith(input, (value) => tracesOfAda(value).length > 0)]));
    expect([...idFields(procedures[path]?._def.inputs ?? [])].filter((field) => !ownIds.includes(field) && !tried.has(field))).toEqual([]);

    const credential = credentialOf(path);
    const before = await rowsOf(api.services.db, ada.userId);
    for (const input of notFound(ada, ben)) expect([input, await outcome(path, credential, input)]).toEqual([input, "NOT_FOUND"]);
    for (const input of nothing(ada, ben)) {
      const answer = await run(path, credential, input);
      // The worker is told which of the deliveries that it named itself are lost.
      const said = own === "service" ? withoutLost(answer) : answer;
      expect({ input, traces: tracesOfAda(said) }).toEqual({ input, traces: [] });
    }
    expect(await rowsOf(api.services.db, ada.userId)).toEqual(before);
  });
});

test("live events of one user never reach another", async () => {
  const seen: unknown[] = [];
  const stream = (await run("events.live", ben.apiKey, { afterSeq: 0 })) as AsyncIterable<unknown>;
  await ada.caller.messages.send({ text: `${ada.canary} again` });
  const { message } = await ben.caller.messages.send({ text: "the last one" });
  for await (const event of stream) {
    seen.push(isTrackedEnvelope(event as [string, unknown]) ? event : null);
    if (JSON.stringify(event).includes(message.id)) break;
  }
  expect(seen).not.toContain(null);
  expect(tracesOfAda(seen)).toEqual([]);
});

test("a key that is revoked ends the stream that it opened", async () => {
  const { caller } = await api.createUser();
  const { apiKey, key } = await caller.apiKeys.create({ name: "watcher" });
  const stream = (await run("events.live", apiKey, undefined)) as AsyncIterable<unknown>;
  const iterator = stream[Symbol.asyncIterator]();
  expect((await iterator.next()).value).toMatchObject([expect.any(String), { type: "stream.opened" }, expect.anything()]);
  const next = iterator.next();
  await caller.apiKeys.revoke({ id: key.id });
  await expect(next).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

/** The names of the fields, at any depth, whose own value (or one of its items) is one of hers. */
function* fieldsWith(value: unknown, isHers: (value: unknown) => boolean, name = ""): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* fieldsWith(item, isHers, name);
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* fieldsWith(inner, isHers, key);
  else if (typeof value === "string" && (isHers(value) || value === ada.leased.leaseToken)) yield name;
}

/** The names of the fields, at any depth, that take a UUID: from the input's own schema. */
function idFields(inputs: unknown[]): Set<string> {
  const found = new Set<string>();
  const visit = (schema: unknown, name: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    if ("format" in schema && schema.format === "uuid") found.add(name);
    for (const [key, inner] of Object.entries(schema)) {
      if (key === "properties" && typeof inner === "object" && inner !== null)
        for (const [field, of] of Object.entries(inner)) visit(of, field);
      else if (Array.isArray(inner)) for (const item of inner) visit(item, name);
      else visit(inner, name);
    }
  };
  for (const input of inputs) {
    if (input instanceof z.ZodType) visit(z.toJSONSchema(input, { io: "input", unrepresentable: "any" }), "");
  }
  return found;
}

function withoutLost(answer: unknown): unknown {
  const { decisions = [], results = [], lost: _lost, ...rest } = answer as { decisions?: object[]; results?: object[]; lost?: string[] };
  const isLost = (entry: { decision?: string; status?: string }) => entry.decision === "lost" || entry.status === "lost";
  return { ...rest, decisions: decisions.filter((entry) => !isLost(entry)), results: results.filter((entry) => !isLost(entry)) };
}
