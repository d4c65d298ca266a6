import { signInColumns, workerColumns } from "../migrate/access-matrix.ts";
import { ofTable, type Policy, qualified, tenantColumn, tenantTables } from "./catalog.ts";
import type { Rule } from "./rule.ts";

type Canonical = Omit<Policy, "schema" | "table">;

/** The policies that a tenant table has: its own, and those that cross users, which column grants narrow (access-matrix.ts). */
export function canonicalPolicies(table: string): Canonical[] {
  // As PostgreSQL prints isolationPolicy() of schema/base.ts. An exact comparison: a pattern would miss `OR user_id IS NULL`.
  const own = `(${tenantColumn(table)} = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid)`;
  const policies: Canonical[] = [{ name: "own_rows", permissive: true, command: "*", roles: ["mema_app"], using: own, check: own }];
  if (table in workerColumns) {
    policies.push({ name: "claim", permissive: true, command: "*", roles: ["mema_worker"], using: "true", check: "true" });
  }
  if (table in signInColumns) {
    policies.push({ name: "sign_in", permissive: true, command: "r", roles: ["mema_auth"], using: "true", check: null });
  }
  return policies;
}

const same = (a: Canonical, b: Canonical) =>
  a.permissive === b.permissive &&
  a.command === b.command &&
  a.using === b.using &&
  a.check === b.check &&
  String(a.roles) === String(b.roles);

export const policyRules: Rule[] = [
  {
    name: "rls_enabled",
    violations: (catalog) =>
      tenantTables(catalog)
        .filter((table) => !table.rls)
        .map((table) => ({
          object: qualified(table),
          remedy: `alter table ${qualified(table)} enable row level security; db:migrate does it. A table without a user belongs to schema ops.`,
        })),
  },
  {
    name: "rls_forced",
    violations: (catalog) =>
      tenantTables(catalog)
        .filter((table) => !table.forced)
        .map((table) => ({
          object: qualified(table),
          remedy: `alter table ${qualified(table)} force row level security; db:migrate does it.`,
        })),
  },
  {
    name: "policy_missing",
    violations: (catalog) =>
      tenantTables(catalog).flatMap((table) => {
        const present = catalog.policies.filter(ofTable(table)).map((policy) => policy.name);
        return canonicalPolicies(table.name)
          .filter((canonical) => !present.includes(canonical.name))
          .map((canonical) => ({
            object: qualified(table),
            remedy: `Declare the table with tenantTable(), so that it has the policy ${canonical.name} for ${canonical.roles.join()}.`,
          }));
      }),
  },
  {
    name: "policy_unexpected",
    violations: (catalog) =>
      catalog.policies
        .filter((policy) => policy.schema !== "public" || !canonicalPolicies(policy.table).some(({ name }) => name === policy.name))
        .map((policy) => ({
          object: `${policy.schema}.${policy.table}.${policy.name}`,
          remedy: `drop policy ${policy.name} on ${policy.schema}.${policy.table}: policies are joined by OR, so each one more shows more rows.`,
        })),
  },
  {
    name: "policy_text",
    violations: (catalog) =>
      catalog.policies.flatMap((policy) => {
        const canonical = canonicalPolicies(policy.table).find(({ name }) => name === policy.name);
        if (policy.schema !== "public" || canonical === undefined || same(policy, canonical)) return [];
        return {
          object: `public.${policy.table}.${policy.name}`,
          remedy: `Drop it and create it as schema/base.ts says: using ${canonical.using}, with check ${canonical.check}, to ${canonical.roles.join()}.`,
        };
      }),
  },
  {
    name: "policy_subselect",
    violations: (catalog) =>
      catalog.policies
        .filter((policy) => /\bselect\b/i.test(`${policy.using} ${policy.check}`))
        .map((policy) => ({
          object: `${policy.schema}.${policy.table}.${policy.name}`,
          remedy: "Compare columns of the row itself: a sub-select runs for each row, and Citus refuses it.",
        })),
  },
];
