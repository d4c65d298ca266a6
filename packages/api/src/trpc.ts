import { AppError, badInput, type KeyScope } from "@mema/shared";
import { sqlState, type UserTransaction, withUser } from "@mema/db";
import { initTRPC } from "@trpc/server";
import { authenticate } from "./authenticate.ts";
import type { Actor, AsUser, Context, Recorded } from "./context.ts";
import { placeOf, toAppError, toTRPCError } from "./errors.ts";
import { openIdempotency } from "./idempotency.ts";
import { writeRecords } from "./records.ts";
import { embedQuestion, notCompared } from "./services/embeddings/question.ts";
import { inSpan, SpanKind } from "./tracing.ts";

export interface ProcedureMeta {
  /** The answer holds a secret, which is not kept for retries. */
  answersWithSecret?: boolean;
  /** A query of one statement: its transaction is opened, read and ended in one flight. A second statement fails. */
  oneStatement?: boolean;
  /** Its `query` is compared by meaning, too: where an endpoint is set up, the question's vector is made before the transaction. */
  asksByMeaning?: boolean;
}

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    errorFormatter: ({ shape, error }) => {
      // What failed outside of every procedure has not been sanitised yet.
      const cause = error.cause instanceof AppError || error.code === "INTERNAL_SERVER_ERROR" ? toAppError(error) : null;
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
    ctx.services.log.error(
      { path, requestId: ctx.request.requestId, error: cause.name, sqlState: sqlState(cause), place: placeOf(cause) },
      "procedure failed",
    );
  }
  throw error;
});

/** A span for each call, where an OpenTelemetry SDK is registered. */
const traced = t.middleware(({ next, ctx, path, type }) =>
  inSpan(
    path,
    { "rpc.system": "trpc", "rpc.method": path, "mema.type": type, "mema.request_id": ctx.request.requestId },
    async () => {
      const result = await next();
      if (!result.ok) throw result.error;
      return result;
    },
    SpanKind.SERVER,
  ),
);

/** Answers that hold a secret are never kept, so a retry cannot be answered with the first one's. */
const secretAnswerMessage = "cannot be used here: the answer holds a secret, which is not kept for retries. Send the call without it";

/** Needs no credential. */
export const publicProcedure = t.procedure
  .use(traced)
  .use(mapErrors)
  .use(({ ctx, meta, next }) => {
    if (meta?.answersWithSecret === true && ctx.request.idempotencyKey !== null) throw badInput("Idempotency-Key", secretAnswerMessage);
    return next();
  });

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

/** An answer is kept in the transaction that it is about: where there is none, or several, the key would promise what it cannot hold. */
const refuseIdempotencyKey = t.middleware(({ ctx, type, next }) => {
  if (type === "mutation" && ctx.request.idempotencyKey !== null) {
    throw badInput("Idempotency-Key", "is not kept by this procedure: its call may be repeated as it is. Send it without the key");
  }
  return next();
});

/** For the operator: creates users, sees no user's content. */
export const adminProcedure = authenticated("admin").use(refuseIdempotencyKey);

/** For the worker. A service key names no user; what it may do to one follows from a live lease. */
export const serviceProcedure = authenticated("service").use(refuseIdempotencyKey);

/** For the operator and the worker alike: counts, lag, health. */
export const operatorProcedure = authenticated("admin", "service");

const scopeOf = (type: "query" | "mutation" | "subscription"): KeyScope => (type === "mutation" ? "write" : "read");

const member = authenticated("api_key", "user").use(({ ctx, next, type, path }) => {
  const { actor, services } = ctx;
  const scope = scopeOf(type);
  if (!actor.scopes.includes(scope)) throw new AppError("FORBIDDEN", `This key may not ${scope}: create one with the scope "${scope}".`);
  const outer = ctx.tx;
  const asUser: AsUser = (body, options) => {
    const recorded = async (tx: UserTransaction) => {
      const records: Recorded[] = [];
      const result = await body(tx, (event, payload) => records.push({ type: event, payload }));
      await writeRecords(ctx, tx, path, records);
      return result;
    };
    if (outer !== undefined) return recorded(outer);
    return inSpan("user transaction", { "mema.read_only": options?.readOnly === true }, () =>
      withUser(services.db, actor.userId, recorded, options),
    );
  };
  return next({ ctx: { userId: actor.userId, asUser } });
});

/**
 * As a user, without an open transaction: for what calls a webhook, a model or streams. `ctx.asUser` opens one where it is needed; what
 * its body records becomes events and audit rows of that transaction.
 */
export const memberProcedure = member.use(refuseIdempotencyKey);

/**
 * As a user, in one transaction bound to that user: READ ONLY for a query, READ WRITE for a mutation, joined when one is open already.
 * A failed procedure rolls back; what a mutation changed it records, as events and audit rows in the same transaction.
 */
export const userProcedure = member.use(async ({ ctx, next, type, path, meta, getRawInput }) => {
  const once = type === "mutation" && ctx.tx === undefined ? ctx.request.idempotencyKey : null;
  const rawInput = once === null ? null : await getRawInput();
  // Before the transaction: no network call is made inside one.
  const asks = meta?.asksByMeaning === true && ctx.tx === undefined;
  const meaning = asks ? await embedQuestion(ctx.services, ctx.asUser, ctx.request.signal, await getRawInput()) : notCompared;
  return ctx.asUser(
    async (tx, record) => {
      const idempotency = once === null ? null : await openIdempotency(tx, { key: once, batched: ctx.request.batched, path, rawInput });
      // What tRPC itself would return from `next()`: the stored answer of the first request with this key.
      if (idempotency?.replay) return { ok: true, data: idempotency.replay.response, marker: "middlewareMarker" } as never;
      const result = await next({ ctx: { tx, record, meaning } });
      // `next()` reports a failure instead of throwing: without this the transaction would commit what was half done.
      if (!result.ok) throw result.error;
      await idempotency?.store(result.data);
      return result;
    },
    { readOnly: type === "query", oneStatement: type === "query" && meta?.oneStatement === true },
  );
});
