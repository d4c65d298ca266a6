import { projectRoles, qualified, type Role } from "./catalog.ts";
import type { Rule } from "./rule.ts";

const dangers: readonly (keyof Role)[] = ["superuser", "bypassRls", "createRole", "createDatabase", "replication"];

export const roleRules: Rule[] = [
  {
    name: "role_attributes",
    violations: (catalog) =>
      projectRoles.flatMap((name) => {
        const role = catalog.roles.find((candidate) => candidate.name === name);
        if (role === undefined) return { object: name, remedy: "The role is missing: run db:migrate as a role with CREATEROLE." };
        const wrong: string[] = dangers.filter((attribute) => role[attribute]);
        if (name === "mema_owner" ? role.login : !role.login) wrong.push("login");
        if (name !== "mema_owner" && role.inherit) wrong.push("inherit");
        if (wrong.length === 0) return [];
        return { object: name, remedy: `Its attributes differ in ${wrong.join(", ")}: run db:migrate, as superuser if the owner may not.` };
      }),
  },
  {
    name: "role_membership",
    violations: (catalog) =>
      catalog.memberships.map(({ member, role }) => ({
        object: `${member} in ${role}`,
        remedy: `revoke ${role} from ${member}: a runtime role and the owner have their own rights and nobody else's.`,
      })),
  },
  {
    name: "role_setting",
    violations: (catalog) =>
      catalog.settings
        .filter(({ setting }) => /^(app\.|role=|row_security=|session_replication_role=|search_path=)/.test(setting))
        .map(({ role, setting }) => ({
          object: `${role}: ${setting}`,
          remedy: `alter ${role === "database" ? "database ..." : `role ${role}`} reset ${setting.split("=")[0]}: each transaction binds its own user, and nothing else may.`,
        })),
  },
  {
    name: "runtime_owns",
    violations: (catalog) =>
      catalog.ownedByRuntime.map(({ role, object }) => ({
        object: `${role}: ${object}`,
        remedy: "alter ... owner to mema_owner: an owner may switch row-level security off.",
      })),
  },
  {
    name: "owner",
    violations: (catalog) => [
      ...catalog.relations
        .filter((relation) => ["public", "ops", "drizzle"].includes(relation.schema) && relation.owner !== "mema_owner")
        .map((relation) => ({ object: qualified(relation), remedy: `alter table ${qualified(relation)} owner to mema_owner.` })),
      ...catalog.functions
        .filter((routine) => ["public", "ops"].includes(routine.schema) && routine.owner !== "mema_owner")
        .map((routine) => ({
          object: `${routine.schema}.${routine.signature}`,
          remedy: `alter function ${routine.schema}.${routine.signature} owner to mema_owner.`,
        })),
    ],
  },
];
