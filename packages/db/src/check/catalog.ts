import type { Sql, TransactionSql } from "postgres";
import { runtimeRoles } from "../migrate/access-matrix.ts";

export interface Role {
  name: string;
  login: boolean;
  superuser: boolean;
  bypassRls: boolean;
  createRole: boolean;
  createDatabase: boolean;
  replication: boolean;
  inherit: boolean;
}
/** A table (r, p), view (v), materialised view (m), foreign table (f) or sequence (S). */
export interface Relation {
  schema: string;
  name: string;
  kind: "r" | "p" | "v" | "m" | "f" | "S";
  owner: string;
  rls: boolean;
  forced: boolean;
  options: string[];
}
export interface Column {
  schema: string;
  table: string;
  name: string;
  type: string;
  notNull: boolean;
  default: string | null;
}
export interface Constraint {
  schema: string;
  table: string;
  name: string;
  kind: "p" | "u" | "f" | "c";
  columns: string[];
  target: string | null;
  targetColumns: string[];
  onDelete: "a" | "r" | "c" | "n" | "d" | " ";
  /** Checked for all rows, and still enforced. */
  effective: boolean;
  expression: string | null;
}
export interface Index {
  schema: string;
  table: string;
  name: string;
  unique: boolean;
  primary: boolean;
  valid: boolean;
  /** Of a partial index, as the database writes it. */
  predicate: string | null;
  method: string;
  /** Key columns; null for an expression. */
  columns: (string | null)[];
  /** Everything but name and uniqueness, as the server prints it. */
  definition: string;
}
export interface Policy {
  schema: string;
  table: string;
  name: string;
  permissive: boolean;
  command: "*" | "r" | "a" | "w" | "d";
  roles: string[];
  using: string | null;
  check: string | null;
}
export interface CatalogFunction {
  schema: string;
  signature: string;
  owner: string;
  language: string;
  definer: boolean;
  settings: string[];
}
/** One privilege of a runtime role or of PUBLIC. `column` is null for the whole object. */
export interface Grant {
  kind: "database" | "schema" | "relation" | "function" | "default";
  object: string;
  column: string | null;
  role: string;
  privilege: string;
  grantable: boolean;
}

/** The parts of PostgreSQL's catalog that isolation rests on: all schemas but the system's, without what extensions brought. */
export interface Catalog {
  versionNumber: number;
  roles: Role[];
  memberships: { member: string; role: string }[];
  settings: { role: string; setting: string }[];
  ownedByRuntime: { role: string; object: string }[];
  relations: Relation[];
  columns: Column[];
  constraints: Constraint[];
  indexes: Index[];
  policies: Policy[];
  functions: CatalogFunction[];
  disabledTriggers: { table: string; trigger: string }[];
  rewriteRules: { table: string; rule: string }[];
  grants: Grant[];
}

/** The roles that migrations create. */
export const projectRoles = ["mema_owner", ...runtimeRoles];

const list = (values: readonly string[]) => values.map((value) => `'${value}'`).join(", ");
const ourSchema = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
const notOfExtension = (catalog: string) =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = c.oid and d.deptype = 'e')`;
const names = (relation: string, numbers: string) =>
  `array(select a.attname::text from unnest(${numbers}) with ordinality u (number, position)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = u.number order by u.position)`;
const relations = `pg_class c join pg_namespace n on n.oid = c.relnamespace and ${ourSchema}`;

const granted = (kind: Grant["kind"], object: string, column: string, acl: string, from: string) => `
  select '${kind}' as kind, ${object} as object, ${column} as "column",
    case e.grantee when 0 then 'public' else pg_get_userbyid(e.grantee)::text end as role,
    e.privilege_type as privilege, e.is_grantable as grantable
  from ${from}, lateral aclexplode(${acl}) e
  where (e.grantee = 0 or pg_get_userbyid(e.grantee) in (${list(runtimeRoles)}))`;

const parts: Record<Exclude<keyof Catalog, "versionNumber">, string> = {
  roles: `
    select rolname::text as name, rolcanlogin as login, rolsuper as superuser, rolbypassrls as "bypassRls", rolcreaterole as "createRole",
      rolcreatedb as "createDatabase", rolreplication as replication, rolinherit as inherit
    from pg_roles where rolname in (${list(projectRoles)})`,
  memberships: `
    select pg_get_userbyid(member)::text as member, pg_get_userbyid(roleid)::text as role
    from pg_auth_members where pg_get_userbyid(member) in (${list(projectRoles)})`,
  settings: `
    select case s.setrole when 0 then 'database' else pg_get_userbyid(s.setrole)::text end as role, setting
    from pg_db_role_setting s, unnest(s.setconfig) setting
    where (s.setdatabase = 0 or s.setdatabase = (select oid from pg_database where datname = current_database()))
      and (s.setrole = 0 or pg_get_userbyid(s.setrole) in (${list(runtimeRoles)}))`,
  ownedByRuntime: `
    select pg_get_userbyid(refobjid)::text as role, pg_describe_object(classid, objid, objsubid) as object
    from pg_shdepend
    where refclassid = 'pg_authid'::regclass and deptype = 'o' and pg_get_userbyid(refobjid) in (${list(runtimeRoles)})
      and dbid in (0, (select oid from pg_database where datname = current_database()))`,
  relations: `
    select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, pg_get_userbyid(c.relowner)::text as owner,
      c.relrowsecurity as rls, c.relforcerowsecurity as forced, coalesce(c.reloptions, '{}') as options
    from ${relations} where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${notOfExtension("pg_class")}`,
  columns: `
    select n.nspname::text as schema, c.relname::text as "table", a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull as "notNull", pg_get_expr(d.adbin, d.adrelid) as "default"
    from ${relations} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${notOfExtension("pg_class")} order by c.oid, a.attnum`,
  constraints: `
    select n.nspname::text as schema, c.relname::text as "table", k.conname::text as name, k.contype::text as kind,
      ${names("k.conrelid", "k.conkey")} as columns,
      (select tn.nspname || '.' || t.relname from pg_class t join pg_namespace tn on tn.oid = t.relnamespace where t.oid = k.confrelid) as target,
      ${names("k.confrelid", "k.confkey")} as "targetColumns", k.confdeltype::text as "onDelete",
      k.convalidated and coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) as effective,
      pg_get_expr(k.conbin, k.conrelid) as expression
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace and ${ourSchema}
    where k.contype in ('p', 'u', 'f', 'c')`,
  indexes: `
    select n.nspname::text as schema, c.relname::text as "table", x.relname::text as name, i.indisunique as "unique",
      i.indisprimary as "primary", i.indisvalid as valid, pg_get_expr(i.indpred, i.indrelid) as predicate, m.amname::text as method,
      array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k (number, position)
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number and k.number > 0
        where k.position <= i.indnkeyatts order by k.position) as columns,
      regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX [^ ]+ ON ', '') as definition
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
      join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace and ${ourSchema}
    where ${notOfExtension("pg_class")}`,
  policies: `
    select n.nspname::text as schema, c.relname::text as "table", p.polname::text as name, p.polpermissive as permissive,
      p.polcmd::text as command,
      array(select case r when 0 then 'public' else pg_get_userbyid(r)::text end from unnest(p.polroles) r order by 1) as roles,
      pg_get_expr(p.polqual, p.polrelid) as "using", pg_get_expr(p.polwithcheck, p.polrelid) as "check"
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace`,
  functions: `
    select n.nspname::text as schema, c.proname || '(' || pg_get_function_identity_arguments(c.oid) || ')' as signature,
      pg_get_userbyid(c.proowner)::text as owner, l.lanname::text as language, c.prosecdef as definer, coalesce(c.proconfig, '{}') as settings
    from pg_proc c join pg_namespace n on n.oid = c.pronamespace and ${ourSchema} join pg_language l on l.oid = c.prolang
    where ${notOfExtension("pg_proc")}`,
  disabledTriggers: `
    select n.nspname || '.' || c.relname as "table", t.tgname::text as trigger
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace and ${ourSchema}
    where t.tgenabled in ('D', 'R')`,
  rewriteRules: `
    select n.nspname || '.' || c.relname as "table", r.rulename::text as rule
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace and ${ourSchema}
    where r.ev_type <> '1' and ${notOfExtension("pg_class")}`,
  grants: [
    granted("database", "datname::text", "null", "coalesce(datacl, acldefault('d', datdba))", "pg_database").concat(
      " and datname = current_database()",
    ),
    granted("schema", "n.nspname::text", "null", "coalesce(n.nspacl, acldefault('n', n.nspowner))", "pg_namespace n").concat(
      ` and ${ourSchema}`,
    ),
    granted(
      "relation",
      "n.nspname || '.' || c.relname",
      "null",
      "coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::\"char\" else 'r' end, c.relowner))",
      relations,
    ).concat(` and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${notOfExtension("pg_class")}`),
    granted(
      "relation",
      "n.nspname || '.' || c.relname",
      "a.attname::text",
      "a.attacl",
      `${relations} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null`,
    ).concat(` and ${notOfExtension("pg_class")}`),
    granted(
      "function",
      "n.nspname || '.' || c.proname || '(' || pg_get_function_identity_arguments(c.oid) || ')'",
      "null",
      "coalesce(c.proacl, acldefault('f', c.proowner))",
      `pg_proc c join pg_namespace n on n.oid = c.pronamespace and ${ourSchema}`,
    ).concat(` and ${notOfExtension("pg_proc")}`),
    granted(
      "default",
      `'objects of kind ' || d.defaclobjtype::text || ' that ' || pg_get_userbyid(d.defaclrole) || ' creates'`,
      "null",
      "d.defaclacl",
      "pg_default_acl d",
    ),
  ].join("\n  union all "),
};

const statement = `select json_build_object('versionNumber', current_setting('server_version_num')::integer, ${Object.entries(parts)
  .map(([name, query]) => `'${name}', (select coalesce(json_agg(t), '[]') from (${query}) t)`)
  .join(",\n")})::text as catalog`;

/** Reads the catalog in one statement. Any role may: PostgreSQL shows its catalog to all. */
export async function readCatalog(connection: Sql | TransactionSql): Promise<Catalog> {
  const [row] = await connection.unsafe<{ catalog: string }[]>(statement);
  return JSON.parse(row?.catalog ?? "{}") as Catalog;
}

export const isTable = (relation: Relation): boolean => relation.kind === "r" || relation.kind === "p";
/** Tables of users' data: every table in schema public. */
export const tenantTables = (catalog: Catalog): Relation[] =>
  catalog.relations.filter((relation) => relation.schema === "public" && isTable(relation));
/** The column that says whose row it is. */
export const tenantColumn = (table: string): "id" | "user_id" => (table === "users" ? "id" : "user_id");
export const qualified = (object: { schema: string; name: string }): string => `${object.schema}.${object.name}`;
export const ofTable =
  (table: Relation) =>
  (part: { schema: string; table: string }): boolean =>
    part.schema === table.schema && part.table === table.name;
