import { randomUUID } from "node:crypto";
import { appRouter, createContext, maxBatchSize, type Services } from "@mema/api";
import { checkReadiness } from "@mema/db";
import { AppError } from "@mema/shared";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { Hono } from "hono";
import type { Metrics } from "./metrics.ts";

/** Largest request body, in bytes. */
const bodyLimit = 4 * 1024 * 1024;

/** The HTTP side of Mema: health, metrics, tRPC. `isDraining` tells whether the server is about to stop. */
export function createApp(services: Services, metrics: Metrics, isDraining: () => boolean) {
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    context.header("x-content-type-options", "nosniff");
    context.header("referrer-policy", "no-referrer");
    context.header("cache-control", "no-store");
  });

  app.get("/livez", (context) => context.json({ ok: true }));

  app.get("/readyz", async (context) => {
    const checks = [
      { name: "serving", ok: !isDraining(), ...(isDraining() ? { reason: "the server is shutting down" } : {}) },
      ...(await checkReadiness(services.db)),
    ];
    const ok = checks.every((check) => check.ok);
    return context.json({ ok, failing: checks.filter((check) => !check.ok), checks }, ok ? 200 : 503);
  });

  app.get("/metrics", async (context) => context.text(await metrics.text(), 200, { "content-type": metrics.contentType }));

  app.all("/trpc/*", async (context) => {
    const requestId = randomUUID();
    const start = performance.now();
    const { raw } = context.req;
    const path = new URL(raw.url).pathname.slice("/trpc/".length);
    const response = await serve(raw, requestId).catch((error: unknown) => plainError(error));
    response.headers.set("x-request-id", requestId);
    const milliseconds = performance.now() - start;
    metrics.observe(path, response.status, milliseconds);
    services.log.info({ requestId, path, status: response.status, ms: Math.round(milliseconds) }, "request");
    return response;
  });

  async function serve(raw: Request, requestId: string): Promise<Response> {
    const request = await withCheckedBody(raw);
    return fetchRequestHandler({
      endpoint: "/trpc",
      req: request,
      router: appRouter,
      allowMethodOverride: true,
      maxBatchSize,
      createContext: ({ info }) =>
        createContext(services, {
          credential: bearer(request.headers.get("authorization")),
          idempotencyKey: request.headers.get("idempotency-key"),
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

  app.notFound((context) =>
    context.json(
      {
        error: {
          message: "Nothing is here. The API is at /trpc, health at /livez and /readyz.",
          data: { code: "NOT_FOUND", httpStatus: 404 },
        },
      },
      404,
    ),
  );
  app.onError((error) => plainError(error));
  return app;
}

function bearer(header: string | null): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(header ?? "");
  return match?.[1] ?? null;
}

/** Bodies are read whole, within the limit, and must be UTF-8: decoding would replace what is not, and store something that was never said. */
async function withCheckedBody(raw: Request): Promise<Request> {
  if (raw.method === "GET" || raw.method === "HEAD" || raw.body === null) return raw;
  const tooLarge = new AppError("PAYLOAD_TOO_LARGE", `The request is larger than ${bodyLimit} bytes: send less at once.`, {
    issues: [{ path: ["body"], message: "is too large: send less at once", limit: bodyLimit }],
  });
  if (Number(raw.headers.get("content-length") ?? 0) > bodyLimit) throw tooLarge;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of raw.body) {
    size += part.byteLength;
    if (size > bodyLimit) throw tooLarge;
    parts.push(part);
  }
  const bytes = Buffer.concat(parts);
  try {
    const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return new Request(raw.url, { method: raw.method, headers: raw.headers, body, signal: raw.signal });
  } catch {
    throw new AppError("BAD_REQUEST", "body: is not valid UTF-8: send JSON encoded as UTF-8.", {
      issues: [{ path: ["body"], message: "is not valid UTF-8: send JSON encoded as UTF-8" }],
    });
  }
}

const statuses: Partial<Record<AppError["code"], number>> = { BAD_REQUEST: 400, PAYLOAD_TOO_LARGE: 413, UNAVAILABLE: 503 };

/** An error outside of any procedure, in the same envelope as tRPC's. */
function plainError(error: unknown): Response {
  const known = error instanceof AppError ? error : new AppError("INTERNAL", "Something went wrong on our side.");
  const httpStatus = statuses[known.code] ?? 500;
  const data = {
    code: known.code === "INTERNAL" ? "INTERNAL_SERVER_ERROR" : known.code,
    httpStatus,
    ...(known.issues ? { issues: known.issues } : {}),
  };
  return Response.json({ error: { message: known.message, code: -32_603, data } }, { status: httpStatus });
}
