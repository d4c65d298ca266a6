import { getTableColumns, getTableName, isTable } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import * as schema from "./schema/index.ts";
import * as validators from "./validators.ts";

const secret = /^(search|embedding|embeddingCode|sealed|codeMac|leaseToken|leaseOwner)$|[hH]ash$/;
const shapes = (prefix: string) =>
  Object.entries(validators)
    .filter(([name]) => name.startsWith(prefix))
    .map(([, validator]) => Object.keys(validator.shape));

describe.each(["select", "insert"])("every table of a user has its %s schema", (prefix) => {
  test.each(
    Object.values<unknown>(schema)
      .filter((value): value is PgTable => isTable(value))
      .filter((table) => getTableConfig(table).schema === undefined)
      // The search index: its rows are made from others and never given or shown.
      .filter((table) => !getTableName(table).startsWith("recall_"))
      .map((table) => [getTableName(table), Object.keys(getTableColumns(table))] as const),
  )("%s", (_, columns) => {
    const visible = columns.filter((column) => !secret.test(column) && !/^(userId|id|createdAt|updatedAt|version)$/.test(column));
    expect(shapes(prefix)).toContainEqual(expect.arrayContaining(visible));
  });
});

test.each(Object.entries(validators))("%s shows nothing that nobody reads back", (_, validator) => {
  expect(Object.keys(validator.shape).filter((column) => secret.test(column))).toEqual([]);
});

test.each(Object.entries(validators).filter(([name]) => name.startsWith("select")))(
  "%s becomes JSON Schema in both directions, with instants as strings",
  (_, validator) => {
    for (const io of ["input", "output"] as const) expect(() => z.toJSONSchema(validator, { io })).not.toThrow();
    const { properties } = z.toJSONSchema(validator, { io: "output" });
    expect(JSON.stringify(properties?.["createdAt"])).toContain("date-time");
  },
);

test("a row's instants leave as ISO strings and null stays null", () => {
  const row = {
    userId: "01a1fdd7-ed52-7f61-82d4-d66eb22fc497",
    id: "01a1fdd7-ed52-7f61-82d4-d66eb22fc498",
    createdAt: new Date(0),
    updatedAt: new Date(0),
    title: null,
    metadata: { a: [1] },
    lastMessageAt: null,
    version: 1,
  };
  expect(validators.selectConversationSchema.parse(row)).toEqual({
    ...row,
    createdAt: "1970-01-01T00:00:00.000Z",
    updatedAt: "1970-01-01T00:00:00.000Z",
  });
  expect(() => validators.selectConversationSchema.parse({ ...row, createdAt: "yesterday" })).toThrow();
});

test("a new row is given without what is the server's", () => {
  expect(validators.insertMessageSchema.parse({ content: "x", userId: "someone else", search: "x" })).toEqual({ content: "x" });
  expect(() => validators.insertFactSchema.parse({ content: "x", factType: "rumour" })).toThrow();
});
