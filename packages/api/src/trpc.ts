import { createHash } from "node:crypto";
import { AppError, badInput, type KeyScope } from "@mema/shared";
import {
  createAuditLogRepository,
  createEventRepository,
  createIdempotencyKeyRepository,
  sqlState,
  type UserTransaction,
  withUser,
} from "@mema/db";
import { initTRPC } from "@trpc/server";
import { authenticate } from "./authenticate.ts";
import type { Actor, AsUser, Context } from "./context.ts";
import { toTRPCError } from "./errors.ts";

const t = initTRPC.context<Context>().create({
  errorFormatter: ({ shape, error }) => {
    const cause = error.cause instanceof AppError ? error.cause : null;
    const { stack: _stack, ...data } = shape.data;
    return {
      ...shape,
      message: cause?.message ?? shape.message,
      data: {
        ...data,
        ...(cause?.issues === undefined ? {} : { issues: cause.issues }),
        ...(cause?.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: cause.retryAfterSeconds }),
      },
    };
  },
  sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 45_000 } },
});

export const { router, createCallerFactory } = t;

/** One place where errors become what callers see; also for callers in the same process, which the error formatter never meets. */
const mapErrors = t.middleware(async ({ next, ctx, path }) => {
  const result = await next();
  if (result.ok) return result;
  const error = toTRPCError(result.error);
  if (error.code === "INTERNAL_SERVER_ERROR") {
    const cause = result.error.cause ?? result.error;
    const place = cause.stack
      ?.split("\n")
      .find((line) => line.trimStart().startsWith("at "))
      ?.trim();
    ctx.services.log.error(
      { path, requestId: ctx.request.requestId, error: cause.name, sqlState: sqlState(cause), place },
      "procedure failed",
    );
  }
  throw error;
});

/** Needs no credential. */
export const publicProcedure = t.procedure.use(mapErrors);

function authenticated<Type extends Actor["type"]>(...types: Type[]) {
  return publicProcedure.use(async ({ ctx, next }) => {
    const actor = ctx.actor ?? (await authenticate(ctx));
    if (!types.some((type) => type === actor.type)) {
      throw new AppError(
        "FORBIDDEN",
        `This procedure needs ${types.includes("api_key" as Type) ? "a user key" : `the ${types.join(" or ")} key`}; the credential given is another kind.`,
      );
    }
    return next({ ctx: { actor: actor as Extract<Actor, { type: Type }> } });
  });
}

/** For the operator: creates users, sees no user's content. */
export const adminProcedure = authenticated("admin");

/** For the worker. A service key names no user; what it may do to one follows from a live lease. */
export const serviceProcedure = authenticated("service");

/** For the operator and the worker alike: counts, lag, health. */
export const operatorProcedure = authenticated("admin", "service");

const scopeOf = (type: "query" | "mutation" | "subscription"): KeyScope => (type === "mutation" ? "write" : "read");

/**
 * As a user, without an open transaction: for what calls a webhook, a model or streams. `ctx.asUser` opens one where it is needed.
 */
export const memberProcedure = authenticated("api_key", "user").use(({ ctx, next, type }) => {
  const { actor, services } = ctx;
  const scope = scopeOf(type);
  if (!actor.scopes.includes(scope)) throw new AppError("FORBIDDEN", `This key may not ${scope}: create one with the scope "${scope}".`);
  const outer = ctx.tx;
  const asUser: AsUser = (body, options) => (outer === undefined ? withUser(services.db, actor.userId, body, options) : body(outer));
  return next({ ctx: { userId: actor.userId, asUser } });
});

/** What a mutation did: ids, never text. Becomes an event for live readers and a line of the audit log, in the mutation's transaction. */
export interface Recorded {
  type: string;
  payload: Record<string, unknown>;
}

/**
 * As a user, in one transaction bound to that user: READ ONLY for a query, READ WRITE for a mutation, joined when one is open already.
 * A failed procedure rolls back; what a mutation changed it records, as events and audit rows in the same transaction.
 */
export const userProcedure = memberProcedure.use(async ({ ctx, next, type, path, getRawInput }) => {
  const recorded: Recorded[] = [];
  const record = (event: string, payload: Record<string, unknown>) => {
    recorded.push({ type: event, payload });
  };
  const rawInput = ctx.request.idempotencyKey !== null && type === "mutation" ? await getRawInput() : null;
  return ctx.asUser(
    async (tx) => {
      const nested = ctx.tx !== undefined;
      const once = type === "mutation" && !nested ? await openIdempotency(ctx, tx, path, rawInput) : null;
      // What tRPC itself would return from `next()`: the stored answer of the first request with this key.
      if (once !== null && once.replay !== null) return { ok: true, data: once.replay.response, marker: "middlewareMarker" } as never;
      const result = await next({ ctx: { tx, record } });
      // `next()` reports a failure instead of throwing: without this the transaction would commit what was half done.
      if (!result.ok) throw result.error;
      if (type === "mutation") await writeRecords(ctx, tx, path, recorded);
      if (once !== null) await once.store(result.data);
      return result;
    },
    { readOnly: type === "query" },
  );
});

type UserContext = Context & { actor: Extract<Actor, { type: "api_key" | "user" }> };

async function writeRecords(ctx: UserContext, tx: UserTransaction, path: string, recorded: Recorded[]): Promise<void> {
  const { actor, request } = ctx;
  if (recorded.length === 0) return;
  const who = { actor: actor.type, actorId: actor.id, requestId: request.requestId };
  const auditLog = createAuditLogRepository(tx);
  for (const { type: action, payload } of recorded) await auditLog.append({ ...who, action, resource: path, metadata: payload });
  // Last: it locks the user's numbering until the commit.
  await createEventRepository(tx).append(recorded.map((event) => ({ ...who, ...event })));
  tx.signal("events", tx.userId);
}

const ttlSeconds = 86_400;

interface Once {
  /** The stored answer, when this request was carried out before. */
  replay: { response: unknown } | null;
  store: (response: unknown) => Promise<void>;
}

async function openIdempotency(ctx: UserContext, tx: UserTransaction, path: string, rawInput: unknown): Promise<Once | null> {
  const { idempotencyKey: key, batched } = ctx.request;
  if (key === null) return null;
  if (batched) throw badInput("Idempotency-Key", "cannot be used on a batch: send this call alone");
  if (key.length === 0 || key.length > 255) throw badInput("Idempotency-Key", "must have 1 to 255 characters", 255);
  const requestFingerprint = createHash("sha256")
    .update(JSON.stringify([path, rawInput ?? null]))
    .digest("hex");
  const keys = createIdempotencyKeyRepository(tx);
  const outcome = await keys.begin({ key, procedure: path, requestFingerprint, ttlSeconds });
  if (outcome.kind === "first") return { replay: null, store: (response) => keys.complete(key, response) };
  if (outcome.response === null) throw new AppError("CONFLICT", "This request was carried out; its answer has been forgotten since.");
  return { replay: { response: outcome.response }, store: async () => {} };
}
