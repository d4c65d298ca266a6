import {
  appendOnlyTables,
  functionGrants,
  isHiddenColumn,
  migratorGrants,
  opsGrants,
  runtimeRoles,
  schemaGrants,
  signInColumns,
  workerColumns,
} from "../migrate/access-matrix.ts";
import { type Catalog, type Grant, isTable, ofTable, qualified, type Relation } from "./catalog.ts";
import type { Rule, Violation } from "./rule.ts";

type Privilege = Pick<Grant, "kind" | "object" | "column" | "role" | "privilege">;

const text = ({ object, column, role, privilege }: Privilege) =>
  `${privilege}${column === null ? "" : ` (${column})`} on ${object} to ${role}`;

/** What PostgreSQL gives PUBLIC from the start and what is worth nothing without a grant on an object: connecting, and looking names up. */
const harmless = ({ kind, object, role, privilege }: Privilege) =>
  role === "public" &&
  ((kind === "database" && privilege === "CONNECT") || (kind === "schema" && object === "public" && privilege === "USAGE"));

function onTenantTable(table: Relation, columns: string[]): Privilege[] {
  const object = qualified(table);
  const grant = (role: string, privilege: string, column: string | null = null): Privilege => ({
    kind: "relation",
    object,
    column,
    role,
    privilege,
  });
  const readable = columns.filter((column) => !isHiddenColumn(column));
  return [
    ...(readable.length === columns.length ? [grant("mema_app", "SELECT")] : readable.map((column) => grant("mema_app", "SELECT", column))),
    ...["INSERT", ...(appendOnlyTables.includes(table.name) ? [] : ["UPDATE", "DELETE"])].map((right) => grant("mema_app", right)),
    ...[["mema_worker", workerColumns] as const, ["mema_auth", signInColumns] as const].flatMap(([role, matrix]) => [
      ...(matrix[table.name]?.select ?? []).map((column) => grant(role, "SELECT", column)),
      ...(matrix[table.name]?.update ?? []).map((column) => grant(role, "UPDATE", column)),
    ]),
  ];
}

/** Exactly what the access matrix says about the objects that there are. */
function expectedPrivileges(catalog: Catalog): Privilege[] {
  const expected: Privilege[] = [];
  for (const relation of catalog.relations.filter(isTable)) {
    if (relation.schema === "public") {
      const columns = catalog.columns.filter(ofTable(relation)).map((column) => column.name);
      expected.push(...onTenantTable(relation, columns));
      continue;
    }
    const matrix = relation.schema === "ops" ? opsGrants : relation.schema === "drizzle" ? migratorGrants : {};
    for (const [role, rights] of Object.entries(matrix[relation.name] ?? {})) {
      for (const privilege of rights) expected.push({ kind: "relation", object: qualified(relation), column: null, role, privilege });
    }
  }
  for (const [object, roles] of Object.entries(schemaGrants)) {
    for (const role of roles) expected.push({ kind: "schema", object, column: null, role, privilege: "USAGE" });
  }
  for (const [object, roles] of Object.entries(functionGrants)) {
    for (const role of roles) expected.push({ kind: "function", object, column: null, role, privilege: "EXECUTE" });
  }
  const database = catalog.grants.find((grant) => grant.kind === "database")?.object ?? "";
  for (const role of runtimeRoles) expected.push({ kind: "database", object: database, column: null, role, privilege: "CONNECT" });
  return expected;
}

const keyword = { database: "database ", schema: "schema ", relation: "", function: "function ", default: "" };
const statement = (verb: "grant" | "revoke", { kind, object, column, role, privilege }: Privilege) =>
  `${verb} ${privilege.toLowerCase()}${column === null ? "" : ` (${column})`} on ${keyword[kind]}${object} ${verb === "grant" ? "to" : "from"} ${role}`;

function excess(catalog: Catalog): Violation[] {
  const expected = new Set(expectedPrivileges(catalog).map(text));
  const views = new Set(catalog.relations.filter((relation) => ["v", "m", "f"].includes(relation.kind)).map(qualified));
  return catalog.grants
    .filter((grant) => grant.kind !== "default" && !harmless(grant) && !views.has(grant.object))
    .filter((grant) => grant.grantable || !expected.has(text(grant)))
    .map((grant) => ({
      object: text(grant),
      remedy: `${statement("revoke", grant)}; what a role needs is named in migrate/access-matrix.ts.`,
    }));
}

function missing(catalog: Catalog): Violation[] {
  const actual = new Set(catalog.grants.map(text));
  return expectedPrivileges(catalog)
    .filter((privilege) => !actual.has(text(privilege)))
    .map((privilege) => ({ object: text(privilege), remedy: `${statement("grant", privilege)}; db:migrate does it.` }));
}

export const privilegeRules: Rule[] = [
  { name: "privilege_excess", violations: excess },
  { name: "privilege_missing", violations: missing },
  {
    name: "default_privileges",
    violations: (catalog) =>
      catalog.grants
        .filter((grant) => grant.kind === "default")
        .map((grant) => ({
          object: text(grant),
          remedy: "alter default privileges ... revoke: a new object is granted by name in migrate/access-matrix.ts, never in advance.",
        })),
  },
  {
    name: "secret_readable",
    violations: (catalog) =>
      catalog.columns
        .filter((column) => /(^|_)(hash|password|passphrase|secret|token|private_key)$/.test(column.name))
        .filter((column) =>
          catalog.grants.some(
            (grant) =>
              grant.kind === "relation" &&
              grant.object === `${column.schema}.${column.table}` &&
              (grant.column === null || grant.column === column.name) &&
              grant.privilege === "SELECT" &&
              (grant.role === "mema_app" || grant.role === "public"),
          ),
        )
        .map((column) => ({
          object: `${column.schema}.${column.table}.${column.name}`,
          remedy:
            "The application writes secrets and never reads them: name the column so that isHiddenColumn() knows it, then db:migrate.",
        })),
  },
];
