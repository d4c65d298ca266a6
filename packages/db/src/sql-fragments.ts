import { AppError, notFound } from "@mema/shared";
import { type Column, type SQL, sql } from "drizzle-orm";

/** `column` is one of `ids`, as one parameter however many there are. */
export const isOneOf = (column: Column, ids: readonly string[]): SQL => sql`${column} = any(${uuidArray(ids)}::uuid[])`;

/** Ids as one parameter of a statement, which casts it to uuid[]. */
export const uuidArray = (ids: readonly string[]): string => `{${ids.join(",")}}`;

/**
 * Why an update that named `version` found no row: CONFLICT when the row is there at another version (or in another state), else NOT_FOUND.
 */
export function staleOrMissing(what: string, asked: number, current: { version: number } | null): AppError {
  if (current === null) return notFound(what);
  return new AppError(
    "CONFLICT",
    `${what} was changed meanwhile: the change was made for version ${asked}, it is at version ${current.version} now. Read it again.`,
    { issues: [{ path: ["version"], message: `must be the current version, ${current.version}` }] },
  );
}
