import { makePgArray } from "drizzle-orm/pg-core";
import type { PostgresType } from "postgres";

const asText = (value: string): unknown => value;
/** PostgreSQL's own array types. Their numbers are fixed (src/include/catalog/pg_type.dat), so nobody needs to ask for them. */
const arrays: [name: string, type: number, element: (value: string) => unknown][] = [
  ["booleans", 1000, (value) => value === "t"],
  ["names", 1003, asText],
  ["smallints", 1005, Number],
  ["integers", 1007, Number],
  ["texts", 1009, asText],
  ["varchars", 1015, asText],
  ["bigints", 1016, asText],
  ["reals", 1021, Number],
  ["doubles", 1022, Number],
  ["uuids", 2951, asText],
];

/** Reads an array literal. Drizzle's own reader loses backslashes. */
function parseArray(literal: string, element: (value: string) => unknown): unknown {
  const root: unknown[] = [];
  const open = [root];
  for (const { 0: token, 1: quoted, 2: plain } of literal.matchAll(/[{}]|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs)) {
    if (token === "}") open.pop();
    const items = open.at(-1) ?? root;
    if (token === "{") {
      const inner: unknown[] = [];
      items.push(inner);
      open.push(inner);
    } else if (quoted !== undefined) {
      items.push(element(quoted.replace(/\\(.)/gs, "$1")));
    } else if (plain !== undefined) {
      items.push(plain === "NULL" ? null : element(plain));
    }
  }
  return root[0];
}

/** How arrays travel: as JavaScript arrays both ways. A parameter that is an array literal already goes as it is. */
export const arrayTypes: Record<string, PostgresType> = Object.fromEntries(
  arrays.map(([name, type, element]) => [
    name,
    {
      to: type,
      from: [type],
      parse: (value: string) => parseArray(value, element),
      serialize: (value: unknown) => (Array.isArray(value) ? makePgArray(value) : value),
    },
  ]),
);
