export const errorCodes = [
  "BAD_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "CONFLICT",
  "PRECONDITION_FAILED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "TOO_MANY_REQUESTS",
  "TIMEOUT",
  "UNAVAILABLE",
  "INTERNAL",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** One thing wrong with an input: the field as a path, what is wrong and what to do, and the limit that was passed, if one was. */
export interface Issue {
  path: (string | number)[];
  message: string;
  limit?: number;
}

/**
 * The one error that domain code throws. `message` is shown to callers, so it never holds another user's data or SQL;
 * the reason for the log goes into `cause`.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly issues: readonly Issue[] | undefined;
  /** Seconds after which a retry makes sense (TOO_MANY_REQUESTS, UNAVAILABLE). */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: { issues?: readonly Issue[]; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.issues = options.issues;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** BAD_REQUEST about one field. `limit` is the bound that was passed, where there is one. */
export function badInput(path: string | (string | number)[], message: string, limit?: number): AppError {
  const at = typeof path === "string" ? [path] : path;
  return new AppError("BAD_REQUEST", `${at.join(".")}: ${message}`, {
    issues: [{ path: at, message, ...(limit === undefined ? {} : { limit }) }],
  });
}

/** NOT_FOUND. The same for a row that does not exist and for one that belongs to another user. */
export function notFound(what: string): AppError {
  return new AppError("NOT_FOUND", `${what} not found`);
}
