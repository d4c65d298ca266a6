import { badInput } from "@mema/shared";
import { z } from "zod";

/** One page of a list. `nextCursor` continues after its last item; null means that there is no more. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Where a page begins (the `nextCursor` of the page before) and how many items it has at most: 1 to 200, 50 unless told. */
export interface PageRequest {
  cursor?: string | null | undefined;
  limit?: number | undefined;
}

/** The sort key of lists in the order of ids, which is the order of creation. */
export const idKey = z.tuple([z.uuid()]);
/** The sort key of lists in the order of an instant, with the id deciding between equal ones. */
export const timeKey = z.tuple([z.iso.datetime(), z.uuid()]);

const longestPage = 200;
const longestCursor = 500;

/** An opaque cursor: base64url of the JSON of an item's sort key. */
export const encodeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString("base64url");

/** Reads a cursor back; null for none. Throws BAD_REQUEST at `cursor` when it was not made by `encodeCursor` for this kind of list. */
export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string | null | undefined): T | null {
  if (cursor === null || cursor === undefined) return null;
  const malformed = badInput(
    "cursor",
    "is not a cursor of this list: pass nextCursor of the page before as it is, or none for the first page",
  );
  if (cursor.length > longestCursor || !/^[\w-]+$/.test(cursor)) throw malformed;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw malformed;
  }
  const parsed = schema.safeParse(key);
  if (!parsed.success) throw malformed;
  return parsed.data;
}

/** The page size that a request asks for. Throws BAD_REQUEST at `limit` outside of 1 to 200. */
export function pageLimit(limit = 50): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw badInput("limit", `must be a whole number from 1 to ${longestPage}`, longestPage);
  }
  return limit;
}

/** The page out of at most `limit + 1` rows: the one too many only tells that there is more. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => readonly string[]): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
