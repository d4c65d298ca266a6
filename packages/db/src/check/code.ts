import { qualified, type Relation } from "./catalog.ts";
import type { Rule } from "./rule.ts";

/** SECURITY DEFINER functions that may exist, by schema and signature, each with its reason. None so far. */
export const allowedDefiners: Readonly<Record<string, string>> = {};

const isInvoker = (view: Relation) => view.options.some((option) => /^security_invoker=(true|on|1|yes)$/.test(option));

/** What runs or shows rows with other rights than the caller's. */
export const codeRules: Rule[] = [
  {
    name: "view_invoker",
    violations: (catalog) =>
      catalog.relations
        .filter((relation) => relation.kind === "v" && !isInvoker(relation))
        .map((view) => ({
          object: qualified(view),
          remedy: `alter view ${qualified(view)} set (security_invoker = true): otherwise it reads with its owner's rights.`,
        })),
  },
  {
    name: "unprotected_relation",
    violations: (catalog) =>
      catalog.relations
        .filter((relation) => relation.kind === "m" || relation.kind === "f")
        .filter((relation) => catalog.grants.some((grant) => grant.object === qualified(relation)))
        .map((relation) => ({
          object: qualified(relation),
          remedy: "Revoke all rights on it: a materialised view or foreign table has no row-level security.",
        })),
  },
  {
    name: "rewrite_rule",
    violations: (catalog) =>
      catalog.rewriteRules.map(({ table, rule }) => ({
        object: `${table}.${rule}`,
        remedy: `drop rule ${rule} on ${table}: a rule runs with the rights of the table's owner.`,
      })),
  },
  {
    name: "security_definer",
    violations: (catalog) =>
      catalog.functions
        .filter((routine) => routine.definer && !(`${routine.schema}.${routine.signature}` in allowedDefiners))
        .map((routine) => ({
          object: `${routine.schema}.${routine.signature}`,
          remedy: "Make it security invoker, or name it in allowedDefiners with its reason.",
        })),
  },
  {
    name: "search_path",
    violations: (catalog) =>
      catalog.functions
        .filter((routine) => routine.language !== "sql" || routine.definer)
        .filter((routine) => !routine.settings.some((setting) => setting.startsWith("search_path=")))
        .map((routine) => ({
          object: `${routine.schema}.${routine.signature}`,
          remedy: `alter function ${routine.schema}.${routine.signature} set search_path = pg_catalog: otherwise its caller chooses what its names mean.`,
        })),
  },
];
