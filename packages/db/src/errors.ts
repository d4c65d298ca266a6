import { AppError } from "@mema/shared";

/** The SQLSTATE of an error of the database, however deeply wrapped; the driver's own code for a lost connection; else null. */
export function sqlState(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (!(at instanceof AppError) && typeof code === "string") return code;
  }
  return null;
}

/** The name of the constraint that a row violated, or null. */
export function violatedConstraint(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { constraint_name: name } = at as { constraint_name?: unknown };
    if (typeof name === "string") return name;
  }
  return null;
}

const lostConnection = /^(CONNECTION_|CONNECT_|ECONN|EPIPE|ENOENT|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|08|53|57P0)/;

/**
 * What callers are told of a database error: never SQL, parameters or another row's values (DrizzleQueryError's message has them all).
 * Errors that are already AppErrors, however wrapped, pass.
 */
export function asAppError(error: unknown): AppError {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof AppError) return at;
  const state = sqlState(error) ?? "";
  if (lostConnection.test(state))
    return new AppError("UNAVAILABLE", "The database cannot be reached. Try again.", { retryAfterSeconds: 1, cause: error });
  switch (state) {
    case "22021":
    case "22P05":
      return new AppError("BAD_REQUEST", "The text holds a character that cannot be stored (NUL or invalid UTF-8): remove it.", {
        cause: error,
      });
    case "23503":
      return new AppError("NOT_FOUND", "Something that this refers to was not found.", { cause: error });
    case "23505":
      return new AppError("CONFLICT", "This exists already.", { cause: error });
    case "23514":
    case "23502":
    case "22P02":
    case "22001":
    case "22003":
    case "22007":
    case "22008":
      return new AppError("BAD_REQUEST", "A value is outside of what is allowed.", { cause: error });
    case "40001":
    case "40P01":
      return new AppError("CONFLICT", "Another change got in between. Try again.", { cause: error });
    case "55P03":
      return new AppError("UNAVAILABLE", "Another change holds this row. Try again.", { retryAfterSeconds: 1, cause: error });
    case "57014":
      return new AppError("TIMEOUT", "The database took too long and the statement was cancelled; nothing was changed.", { cause: error });
    default:
      return new AppError("INTERNAL", "Something went wrong on our side.", { cause: error });
  }
}
