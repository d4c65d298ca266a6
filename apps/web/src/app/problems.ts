import type { AppRouter } from "@mema/api/client";
import { TRPCClientError } from "@trpc/client";

export interface Problem {
  title: string;
  advice: string;
}

export const isApiError = (error: unknown): error is TRPCClientError<AppRouter> => error instanceof TRPCClientError;

/** The code of the API's answer; null when no answer came (offline, the server restarts). */
export function errorCode(error: unknown): string | null {
  return isApiError(error) ? (error.data?.code ?? null) : null;
}

/** What the API says is wrong with one field of the input. */
export function fieldIssue(error: unknown, field: string): string | null {
  if (!isApiError(error)) return null;
  const issues: unknown = error.data !== null && error.data !== undefined && "issues" in error.data ? error.data.issues : null;
  if (!Array.isArray(issues)) return null;
  for (const issue of issues as { path: unknown[]; message: string }[]) if (issue.path[0] === field) return issue.message;
  return null;
}

/** An error in words, and what the person can do about it. */
export function describeProblem(error: unknown): Problem {
  if (!isApiError(error))
    return { title: "Something went wrong in the page.", advice: "Reload it; if it happens again, tell the operator." };
  switch (error.data?.code) {
    case undefined:
      return { title: "The server cannot be reached.", advice: "Check the connection; this is tried again when it is back." };
    case "UNAUTHORIZED":
      return { title: "The key does not open this memory any more.", advice: "Sign in again with another key." };
    case "FORBIDDEN":
      return { title: "This key may not do that.", advice: error.message };
    case "NOT_FOUND":
      return { title: "It is not here any more.", advice: "It may have been forgotten in another window." };
    case "CONFLICT":
      return { title: "It was changed meanwhile.", advice: "The newest version is shown now: look at it and try again." };
    case "TOO_MANY_REQUESTS":
      return { title: "That was a lot at once.", advice: error.message };
    case "INTERNAL_SERVER_ERROR":
      return { title: "The server failed at this.", advice: "Nothing was changed. Try again; its log says more." };
    default:
      return { title: "That did not work.", advice: error.message };
  }
}
