import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { appRouter } from "@mema/api";
import * as db from "@mema/db";
import { properties } from "@mema/db/proof";
import { serverEnvironment } from "@mema/server";
import { workerEnvironment } from "@mema/worker";
import { is } from "drizzle-orm";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { z } from "zod";

/** Writes docs/reference.md from the router, the environment schemas, the guarantees and the tables. With --check: fails when the file is out of date. */
const file = fileURLToPath(new URL("../docs/reference.md", import.meta.url));
const routers = new URL("../packages/api/src/routers/", import.meta.url);

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** As much of JSON Schema as the reference prints. */
const jsonSchema = z.object({
  type: z.string().optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).default([]),
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
  get items() {
    return jsonSchema.optional();
  },
  get anyOf() {
    return z.array(jsonSchema).optional();
  },
  get oneOf() {
    return z.array(jsonSchema).optional();
  },
});
type JsonSchema = z.infer<typeof jsonSchema>;

const asJsonSchema = (schema: z.ZodType): JsonSchema => jsonSchema.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));

const bound = (value: number | undefined): string =>
  value === undefined || Math.abs(value) === Number.MAX_SAFE_INTEGER ? "" : String(value);

function typeOf(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(typeOf).join(" or ");
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.items !== undefined) {
    return `list${schema.maxItems === undefined ? "" : ` (<= ${schema.maxItems})`} of ${typeOf(schema.items)}`;
  }
  if (schema.properties !== undefined) return `{ ${fields(schema).join(", ")} }`;
  const [from, to] = [bound(schema.minimum), bound(schema.maximum)];
  const range = `${from}${to}` === "" ? "" : ` ${from}..${to}`;
  const length = schema.maxLength === undefined ? "" : ` <= ${schema.maxLength} characters`;
  return `${schema.format ?? schema.type ?? "any"}${range}${length}`;
}

const fields = (schema: JsonSchema): string[] =>
  Object.entries(schema.properties ?? {}).map(
    ([name, property]) => `${name}${schema.required.includes(name) && property.default === undefined ? "" : "?"}: ${typeOf(property)}`,
  );

const credentials: Record<string, string> = {
  public: "none",
  user: "user",
  member: "user",
  admin: "admin",
  service: "service",
  operator: "admin, service",
};

/** Which key a procedure asks for and what the comment above it says first, as the router's file has it. */
function fromSource(router: string, procedure: string): { credential: string; summary: string } {
  const name = router.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const source = readFileSync(new URL(`${name}.ts`, routers), "utf8");
  const found = new RegExp(String.raw`(?:/\*\*((?:(?!\*/)[\s\S])*)\*/\s*)?^  ${procedure}: (\w+)Procedure\b`, "m").exec(source);
  const credential = credentials[found?.[2] ?? ""];
  if (credential === undefined) throw new Error(`packages/api/src/routers/${name}.ts: no ${procedure} with a procedure that is known here`);
  const comment = (found?.[1] ?? "")
    .replaceAll(/^\s*\* ?/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
  return { credential, summary: /^.*?[.](?=\s|$)/.exec(comment)?.[0] ?? comment };
}

const definition = z.object({ type: z.string(), inputs: z.array(z.instanceof(z.ZodType)).default([]) });

const isDefined = (value: unknown): value is { _def: unknown } =>
  value !== null && ["object", "function"].includes(typeof value) && "_def" in Object(value);

/** Every procedure by its path. The types speak of nested routers; at run time the list is flat. */
const found: [string, unknown][] = Object.entries(appRouter._def.procedures);

const procedures = found.map(([path, procedure]) => {
  if (!isDefined(procedure)) throw new Error(`${path} is no procedure`);
  const { type, inputs } = definition.parse(procedure._def);
  const [router = "", name = ""] = path.split(".");
  const { credential, summary } = fromSource(router, name);
  const input = inputs.map(asJsonSchema).map((schema) => (schema.properties === undefined ? [typeOf(schema)] : fields(schema)));
  return {
    router,
    row: [
      `\`${path}\``,
      type,
      credential,
      input
        .flat()
        .map((field) => `\`${field}\``)
        .join(" "),
      summary,
    ],
  };
});

/** Every guarantee of isolation, by the name of its test. One that no test carries any more stops this program. */
function guarantees(): string[][] {
  const proof = "packages/db/src/check/proof/prove-isolation.test.ts";
  const programs = "packages/api/src/non-interference.test.ts";
  const source = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  const eachIsATest = source(proof).includes('test.for(properties)("$id: $guarantee"');
  const rows = [
    ...(eachIsATest ? properties.map(({ id, guarantee }) => [id, guarantee, `\`${proof}\`, \`npm run db:check\``]) : []),
    ...source(programs)
      .matchAll(/\btest\("(I\d+): ([^"]+)"/g)
      .map(([, id = "", guarantee = ""]) => [id, guarantee, `\`${programs}\``]),
  ].toSorted(([a = ""], [b = ""]) => Number(a.slice(1)) - Number(b.slice(1)));
  const ids = new Set(rows.map(([id]) => id));
  const untested = Array.from({ length: 30 }, (_, index) => `I${index + 1}`).filter((id) => !ids.has(id));
  if (untested.length > 0) throw new Error(`No test is named for ${untested.join(", ")}`);
  return rows;
}

const environments = [
  ["Server", "apps/server/src/env.ts", serverEnvironment],
  ["Worker", "apps/worker/src/env.ts", workerEnvironment],
  ["Database layer and `db:*` commands", "packages/db/src/connection/env.ts", db.databaseEnvironment],
] as const;

const exported: unknown[] = Object.values(db);
const tables = exported
  .filter((value) => is(value, PgTable))
  .map((value) => getTableConfig(value))
  .map((config) => ({ ...config, name: `${config.schema === undefined ? "" : `${config.schema}.`}${config.name}` }))
  .toSorted((a, b) => a.name.localeCompare(b.name, "en"));

function describeTable(config: (typeof tables)[number]): string {
  const keys = [
    ...config.primaryKeys.map((key) => key.columns.map((column) => column.name)),
    ...config.columns.flatMap((column) => (column.primary ? [[column.name]] : [])),
  ];
  const references = config.foreignKeys.map((key) => {
    const { columns, foreignTable, foreignColumns } = key.reference();
    const names = (list: { name: string }[]) => list.map((column) => column.name).join(", ");
    return `- (${names(columns)}) -> ${getTableConfig(foreignTable).name} (${names(foreignColumns)}), on delete ${key.onDelete ?? "no action"}`;
  });
  const columns = config.columns.map((column) => [`\`${column.name}\``, column.getSQLType(), column.notNull ? "" : "null"]);
  return [
    `### ${config.name}`,
    `Primary key: ${keys.map((key) => `(${key.join(", ")})`).join(", ")}${config.policies.length === 0 ? "; no user, no policy" : ""}`,
    table(["Column", "Type", ""], columns),
    ...(references.length === 0 ? [] : [references.join("\n")]),
  ].join("\n\n");
}

const text = `${[
  "# Reference",
  "Generated by `npm run reference` from the router, the environment schemas, the guarantees of isolation and the tables; `npm run verify` fails when it is out of date.",
  "## Procedures",
  "All at `/trpc/<procedure>`; queries by GET or POST, mutations by POST. A name with `?` may be left out. Errors, ids and pages work alike everywhere: see README.md.",
  ...[...new Set(procedures.map(({ router }) => router))].toSorted().flatMap((router) => [
    `### ${router}`,
    table(
      ["Procedure", "Kind", "Key", "Input", "What it does"],
      procedures.filter((procedure) => procedure.router === router).map(({ row }) => row),
    ),
  ]),
  "## Environment",
  "An empty variable counts as one that is not set.",
  ...environments.flatMap(([title, source, schema]) => [
    `### ${title}`,
    `From \`${source}\`.`,
    table(
      ["Variable", "Type", "Default", "What it is"],
      Object.entries(schema.shape).map(([name, variable]) => {
        const unset = variable.safeParse(undefined);
        const value = unset.success ? (unset.data === undefined ? "" : `\`${String(unset.data)}\``) : "required";
        return [`\`${name}\``, typeOf(asJsonSchema(variable)), value, variable.description ?? ""];
      }),
    ),
  ]),
  "## Isolation",
  "What is promised about two users A and B. Each is a test of its own, on both engines; I1 to I28 are tried on a running database too.",
  table(["", "Guarantee", "Tested in"], guarantees()),
  "## Tables",
  "As `packages/db/src/schema` declares them. Row-level security is enabled and forced on every one that belongs to users.",
  ...tables.map(describeTable),
].join("\n\n")}\n`;

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
  console.log("docs/reference.md written");
} else if (readFileSync(file, "utf8") !== text) {
  console.error("docs/reference.md is out of date: npm run reference");
  process.exitCode = 1;
}
