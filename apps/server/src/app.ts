import { randomUUID } from "node:crypto";
import { appRouter, createContext, maxBatchSize, placeOf, type Services, toErrorReply, withTraceOf } from "@mema/api";
import { checkReadiness } from "@mema/db";
import { AppError, badInput } from "@mema/shared";
import { getConnInfo } from "@hono/node-server/conninfo";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { type Context, Hono } from "hono";
import type { Metrics } from "./metrics.ts";
import type { ReadinessGate } from "./readiness-gate.ts";
import { checkRequest } from "./request-body.ts";
import { servePage } from "./static-files.ts";

export interface AppParts {
  services: Services;
  metrics: Metrics;
  gate: ReadinessGate;
  /** Whether the server is about to stop. */
  isDraining: () => boolean;
  /** How many proxies of our own stand in front, each of which adds to X-Forwarded-For. */
  trustedProxies: number;
}

/** The HTTP side of Mema: health, metrics, tRPC, the page. */
export function createApp({ services, metrics, gate, isDraining, trustedProxies }: AppParts) {
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
    if (!context.res.headers.has("cache-control")) context.header("cache-control", "no-store");
    if (isDraining()) context.header("connection", "close");
  });

  app.get("/livez", (context) => context.json({ ok: true }));

  app.get("/readyz", async (context) => {
    const checks = [
      { name: "serving", ok: !isDraining(), ...(isDraining() ? { reason: "the server is shutting down" } : {}) },
      ...(await checkReadiness(services.db)),
      ...(await gate.failing()).filter(({ name }) => name === "isolation"),
    ];
    const ok = checks.every((check) => check.ok);
    return context.json({ ok, failing: checks.filter((check) => !check.ok), checks }, ok ? 200 : 503);
  });

  app.get("/metrics", async (context) => context.text(await metrics.text(), 200, { "content-type": metrics.contentType }));

  app.all("/trpc/*", async (context) => {
    const requestId = randomUUID();
    const start = performance.now();
    const procedure = procedureLabel(context.req.path.slice("/trpc/".length));
    const response = await withTraceOf(context.req.raw.headers, () => serve(context, requestId)).catch((error: unknown) =>
      refuse(error, { procedure, requestId }),
    );
    response.headers.set("x-request-id", requestId);
    const milliseconds = performance.now() - start;
    metrics.observe(procedure, response.status, milliseconds);
    const line = { requestId, procedure, status: response.status, ms: Math.round(milliseconds) };
    // The worker asks all the time: what it does well is no news.
    if (procedure.startsWith("worker.") && response.ok) services.log.debug(line, "request");
    else services.log.info(line, "request");
    return response;
  });

  async function serve(context: Context, requestId: string): Promise<Response> {
    const { raw } = context.req;
    if (context.req.path !== "/trpc/health.check") await assertOpen(gate);
    const request = await checkRequest(raw);
    const idempotencyKey = request.headers.get("idempotency-key");
    if (idempotencyKey !== null && context.req.query("batch") === "1") {
      throw badInput("Idempotency-Key", "cannot be used on a batch: send each call alone");
    }
    return fetchRequestHandler({
      endpoint: "/trpc",
      req: request,
      router: appRouter,
      allowMethodOverride: true,
      maxBatchSize,
      createContext: ({ info }) =>
        createContext(services, {
          credential: bearer(request.headers.get("authorization")),
          address: addressOf(context, trustedProxies),
          idempotencyKey,
          requestId,
          batched: info.isBatchCall,
          signal: AbortSignal.any([services.closing, raw.signal]),
        }),
      responseMeta: ({ errors }) => {
        const seconds = errors
          .map((error) => (error.cause instanceof AppError ? error.cause.retryAfterSeconds : undefined))
          .find((value) => value !== undefined);
        return seconds === undefined ? {} : { headers: { "retry-after": String(Math.ceil(seconds)) } };
      },
    });
  }

  /** A failure outside of every procedure, in the same envelope. */
  function refuse(error: unknown, about: { procedure: string; requestId: string }): Response {
    const { httpStatus, retryAfterSeconds, body } = toErrorReply(error);
    if (httpStatus === 500 && error instanceof Error) {
      services.log.error({ ...about, error: error.name, place: placeOf(error) }, "request failed");
    }
    const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterSeconds)) };
    return Response.json(body, { status: httpStatus, headers });
  }

  servePage(app);

  app.notFound(() =>
    refuse(new AppError("NOT_FOUND", "Nothing is here. The page is at /, the API at /trpc, health at /livez and /readyz."), {
      procedure: "other",
      requestId: "",
    }),
  );
  app.onError((error) => refuse(error, { procedure: "other", requestId: "" }));
  return app;
}

/** A stranger's paths must not grow the metrics or get into the log: only a procedure that exists is named. */
function procedureLabel(path: string): string {
  if (Object.hasOwn(appRouter._def.procedures, path)) return path;
  return path.includes(",") ? "batch" : "other";
}

async function assertOpen(gate: ReadinessGate): Promise<void> {
  const failing = await gate.failing();
  if (failing.length === 0) return;
  const reasons = failing.map(({ reason }) => reason).join("; ");
  throw new AppError("UNAVAILABLE", `The server is not ready: ${reasons}.`, { retryAfterSeconds: 5 });
}

function bearer(header: string | null): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(header ?? "");
  return match?.[1] ?? null;
}

/** Each proxy appends the address that it was called from; only what our own ones wrote can be believed. */
function addressOf(context: Context, trustedProxies: number): string | null {
  const forwarded = (context.req.header("x-forwarded-for") ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (trustedProxies > 0) return forwarded.at(-trustedProxies) ?? forwarded[0] ?? null;
  return context.env === undefined ? null : (getConnInfo(context).remote.address ?? null);
}
