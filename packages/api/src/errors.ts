import { AppError, type ErrorCode, type Issue } from "@mema/shared";
import { asAppError } from "@mema/db";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { ZodError } from "zod";

const codes = {
  BAD_REQUEST: "BAD_REQUEST",
  UNAUTHORIZED: "UNAUTHORIZED",
  FORBIDDEN: "FORBIDDEN",
  NOT_FOUND: "NOT_FOUND",
  CONFLICT: "CONFLICT",
  PRECONDITION_FAILED: "PRECONDITION_FAILED",
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
  TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
  TIMEOUT: "TIMEOUT",
  UNAVAILABLE: "SERVICE_UNAVAILABLE",
  INTERNAL: "INTERNAL_SERVER_ERROR",
} as const satisfies Record<ErrorCode, TRPCError["code"]>;

/** What callers are told: an AppError's own words, a bad input's fields, and nothing of an unexpected error. */
export function toAppError(error: unknown): AppError {
  const cause = error instanceof TRPCError ? (error.cause ?? error) : error;
  // An output that breaks its own schema is our mistake, not the caller's.
  if (cause instanceof ZodError && error instanceof TRPCError && error.code === "BAD_REQUEST") return fromZod(cause);
  if (error instanceof TRPCError && cause === error && error.code !== "INTERNAL_SERVER_ERROR") {
    const known = (Object.entries(codes) as [ErrorCode, string][]).find(([, code]) => code === error.code);
    if (known !== undefined) return new AppError(known[0], error.message, { cause: error });
  }
  return asAppError(cause);
}

/** The AppError as tRPC wants it. Its cause is sanitised too: a caller in the same process sees no more than one on the network. */
export function toTRPCError(error: unknown): TRPCError {
  const app = toAppError(error);
  const { issues, retryAfterSeconds } = app;
  const shown = new AppError(app.code, app.message, {
    ...(issues === undefined ? {} : { issues }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
  return new TRPCError({ code: codes[app.code], message: app.message, cause: shown });
}

/** The same envelope as a procedure's failure, for a request that reached none. */
export function toErrorReply(error: unknown): { httpStatus: number; retryAfterSeconds: number | undefined; body: object } {
  const shown = error instanceof AppError ? error : toAppError(error);
  const { code, message } = toTRPCError(shown);
  const { issues, retryAfterSeconds } = shown;
  const httpStatus = getHTTPStatusCodeFromError(new TRPCError({ code }));
  const data = {
    code,
    httpStatus,
    ...(issues === undefined ? {} : { issues }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
  return { httpStatus, retryAfterSeconds, body: { error: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } } };
}

/** Where an error was thrown, for the log: a place in the code. An error's message, which may hold what a user wrote, is left out. */
export function placeOf(error: Error): string | undefined {
  const stack = error.stack ?? "";
  const from = stack.indexOf(error.message);
  const frames = from === -1 ? stack : stack.slice(from + error.message.length);
  return frames
    .split("\n")
    .find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    ?.trim();
}

function fromZod(error: ZodError): AppError {
  const issues = error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...path, key], message: "is not a field of this procedure: remove it" }));
    }
    const limit = issue.code === "too_big" ? Number(issue.maximum) : issue.code === "too_small" ? Number(issue.minimum) : undefined;
    return [{ path, message: issue.message, ...(limit === undefined ? {} : { limit }) }];
  });
  const first = issues[0];
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = first === undefined ? "The input is not valid." : `${first.path.join(".") || "input"}: ${first.message}${more}`;
  return new AppError("BAD_REQUEST", message, { issues, cause: error });
}
