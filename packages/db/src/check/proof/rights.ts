import { runtimeRoles } from "../../migrate/access-matrix.ts";
import { isTable, qualified } from "../catalog.ts";
import { allowedDefiners, codeRules } from "../code.ts";
import type { Property } from "./property.ts";
import { refused } from "./expect.ts";

/** What would destroy data if it were not refused is read from the catalog and never tried. */
export const rightsProperties: Property[] = [
  {
    id: "I20",
    guarantee: "TRUNCATE, CREATE and TEMP are not granted, and COPY FROM is refused by row-level security (read from the catalog)",
    prove: async (stage, record) => {
      const roles = runtimeRoles.map((role) => `('${role}')`).join(", ");
      const rights = await stage.attempt("", async (attempt) => {
        const tables = await attempt.query(
          `select n.nspname || '.' || c.relname as object, r.role, 'TRUNCATE' as right, has_table_privilege(r.role, c.oid, 'truncate') as granted
           from pg_class c join pg_namespace n on n.oid = c.relnamespace, (values ${roles}) r (role)
           where n.nspname in ('public', 'ops') and c.relkind in ('r', 'p')
           union all select n.nspname::text, r.role, 'CREATE', has_schema_privilege(r.role, n.oid, 'create')
           from pg_namespace n, (values ${roles}) r (role) where n.nspname in ('public', 'ops', 'drizzle')
           union all select 'the database', r.role, p.right, has_database_privilege(r.role, current_database(), p.right)
           from (values ${roles}) r (role), (values ('CREATE'), ('TEMP')) p ("right")`,
        );
        return tables;
      });
      if (rights.code !== null) record.tried("pg_catalog", rights.code);
      for (const { object, role, right, granted } of rights.rows) {
        record.tried(String(object), granted === false ? null : `${String(right)} is granted to ${String(role)}`);
      }
      for (const table of stage.catalog.relations.filter((relation) => relation.schema === "public" && isTable(relation))) {
        record.tried(
          qualified(table),
          table.rls && table.forced ? null : "COPY FROM would not be refused: row-level security is off or not forced",
        );
      }
    },
  },
  {
    id: "I21",
    guarantee: "no runtime role can become the owner or a superuser",
    prove: async (stage, record) => {
      const members = await stage.attempt("", (attempt) =>
        attempt.query(
          `select r.rolname::text as role, o.rolname::text as owner from pg_roles r, pg_roles o
           where r.rolname in (${runtimeRoles.map((role) => `'${role}'`).join(", ")}) and o.rolname <> r.rolname
             and pg_has_role(r.oid, o.oid, 'member')`,
        ),
      );
      for (const role of runtimeRoles) {
        const owned = members.rows.filter((row) => row["role"] === role).map(({ owner }) => String(owner));
        record.tried(role, members.code ?? (owned.length === 0 ? null : `may become ${owned.join(", ")}`));
      }
      // Where the connection's login is the role itself, it is tried too.
      if (stage.db.app.role === null) {
        for (const owner of ["mema_owner", "mema_worker"]) {
          record.tried("mema_app", refused(await stage.attempt("", (attempt) => attempt.query(`set local role ${owner}`)), "42501"));
        }
      }
    },
  },
  {
    id: "I22",
    guarantee: "views read with their reader's rights",
    prove: async (stage, record) => {
      const bad = codeRules
        .filter(({ name }) => name === "view_invoker" || name === "unprotected_relation")
        .flatMap((rule) => rule.violations(stage.catalog));
      for (const relation of stage.catalog.relations.filter(({ kind }) => kind === "v" || kind === "m" || kind === "f")) {
        record.tried(
          qualified(relation),
          bad.some(({ object }) => object === qualified(relation)) ? "it reads with its owner's rights" : null,
        );
      }
    },
  },
  {
    id: "I23",
    guarantee:
      "the functions that run with their owner's rights are exactly those allowed, and none lets its caller choose what names mean",
    prove: async (stage, record) => {
      const bad = codeRules
        .filter(({ name }) => name === "security_definer" || name === "search_path")
        .flatMap((rule) => rule.violations(stage.catalog));
      const functions = stage.catalog.functions.map(({ schema, signature }) => `${schema}.${signature}`);
      for (const name of functions) {
        const wrong = bad.find(({ object }) => object === name);
        record.tried(name, wrong === undefined ? null : wrong.remedy);
      }
      for (const name of Object.keys(allowedDefiners)) record.tried(name, functions.includes(name) ? null : "is allowed and not there");
    },
  },
];
