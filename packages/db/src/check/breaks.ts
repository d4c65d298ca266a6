/** One defect for each rule: what to break, and all the findings that it must give, as `rule object`. */
export interface Break {
  /** Also the name of the test. */
  what: string;
  sql: string;
  finds: string[];
  /** Whose act it is; mema_owner, the owner of all objects, unless said otherwise. */
  by?: "database owner" | "superuser";
}

const table = (name: string, rest = "") => `
  create table public.${name} (user_id uuid not null references public.users (id) on delete cascade, id uuid not null,
    created_at timestamptz not null default now(), primary key (user_id, id)${rest});
  alter table public.${name} enable row level security;
  alter table public.${name} force row level security;
  create policy own_rows on public.${name} to mema_app
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
  grant select, insert, update, delete on public.${name} to mema_app;`;
const own = "user_id = nullif(current_setting('app.user_id', true), '')::uuid";
const toApp = (rights: string, object: string) => rights.split(", ").map((right) => `privilege_missing ${right} on ${object} to mema_app`);

export const breaks: Break[] = [
  {
    what: "row-level security switched off",
    sql: "alter table facts disable row level security",
    finds: ["rls_enabled public.facts"],
  },
  {
    what: "row-level security not forced on the owner",
    sql: "alter table facts no force row level security",
    finds: ["rls_forced public.facts"],
  },
  { what: "a table without its policy", sql: "drop policy own_rows on facts", finds: ["policy_missing public.facts"] },
  { what: "the worker's policy gone", sql: "drop policy claim on reminders", finds: ["policy_missing public.reminders"] },
  {
    what: "one permissive policy more",
    sql: "create policy support on facts for select to mema_app using (true)",
    finds: ["policy_unexpected public.facts.support"],
  },
  {
    what: "a policy for a role of someone's own",
    sql: "create policy report on facts for select to current_user using (true)",
    finds: ["policy_unexpected public.facts.report"],
  },
  {
    what: "a policy on a table without a user",
    sql: "create policy all_rows on ops.rate_limits using (true)",
    finds: ["policy_unexpected ops.rate_limits.all_rows"],
  },
  {
    what: "a policy that also shows rows without a user",
    sql: `alter policy own_rows on facts using (${own} or user_id is null)`,
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a policy that accepts any row",
    sql: "alter policy own_rows on facts with check (true)",
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a policy for another role",
    sql: "alter policy own_rows on facts to mema_app, mema_worker",
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a policy without WITH CHECK",
    sql: `drop policy own_rows on facts; create policy own_rows on facts to mema_app using (${own})`,
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a policy for SELECT alone",
    sql: `drop policy own_rows on facts; create policy own_rows on facts for select to mema_app using (${own})`,
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a restrictive policy in the permissive one's place",
    sql: `drop policy own_rows on facts; create policy own_rows on facts as restrictive to mema_app using (${own}) with check (${own})`,
    finds: ["policy_text public.facts.own_rows"],
  },
  {
    what: "a sub-select in a policy",
    sql: "alter policy own_rows on facts using (user_id = (select nullif(current_setting('app.user_id', true), '')::uuid))",
    finds: ["policy_text public.facts.own_rows", "policy_subselect public.facts.own_rows"],
  },
  ...["truncate", "references", "trigger"].map((right) => ({
    what: `${right} granted to the application`,
    sql: `grant ${right} on facts to mema_app`,
    finds: [`privilege_excess ${right.toUpperCase()} on public.facts to mema_app`],
  })),
  {
    what: "a table granted to PUBLIC",
    sql: "grant select on facts to public",
    finds: ["privilege_excess SELECT on public.facts to public"],
  },
  {
    what: "a column granted to PUBLIC",
    sql: "grant select (content) on facts to public",
    finds: ["privilege_excess SELECT (content) on public.facts to public"],
  },
  {
    what: "a text column granted to the worker",
    sql: "grant select (title) on reminders to mema_worker",
    finds: ["privilege_excess SELECT (title) on public.reminders to mema_worker"],
  },
  {
    what: "a row's owner changeable by the worker",
    sql: "grant update (user_id) on reminder_deliveries to mema_worker",
    finds: ["privilege_excess UPDATE (user_id) on public.reminder_deliveries to mema_worker"],
  },
  {
    what: "a privilege that may be passed on",
    sql: "grant select on facts to mema_app with grant option",
    finds: ["privilege_excess SELECT on public.facts to mema_app"],
  },
  {
    what: "an append-only table that can be changed",
    sql: "grant update on audit_log to mema_app",
    finds: ["privilege_excess UPDATE on public.audit_log to mema_app"],
  },
  {
    what: "service keys readable by the application",
    sql: "grant select on ops.service_keys to mema_app",
    finds: ["privilege_excess SELECT on ops.service_keys to mema_app", "secret_readable ops.service_keys.key_hash"],
  },
  {
    what: "CREATE on a schema",
    sql: "grant create on schema ops to mema_app",
    finds: ["privilege_excess CREATE on ops to mema_app"],
  },
  {
    what: "a function that PUBLIC may call",
    sql: "create function ops.tool() returns integer language sql as 'select 1'",
    finds: ["privilege_excess EXECUTE on ops.tool() to public"],
  },
  {
    what: "temporary tables",
    sql: "do $$ begin execute format('grant temporary on database %I to mema_app', current_database()); end $$",
    finds: ["privilege_excess TEMPORARY on DATABASE to mema_app"],
    by: "database owner",
  },
  { what: "a privilege that is needed and gone", sql: "revoke insert on facts from mema_app", finds: toApp("INSERT", "public.facts") },
  {
    what: "grants in advance",
    sql: "alter default privileges in schema public grant select on tables to mema_app",
    finds: ["default_privileges SELECT on objects of kind r that mema_owner creates to mema_app"],
  },
  {
    what: "a hash that the application can read",
    sql: "grant select (key_hash) on api_keys to mema_app",
    finds: ["privilege_excess SELECT (key_hash) on public.api_keys to mema_app", "secret_readable public.api_keys.key_hash"],
  },
  {
    what: "a secret under a name that hides nothing",
    sql: "alter table channels add access_token text",
    finds: ["secret_readable public.channels.access_token"],
  },
  {
    what: "a runtime role that may bypass row-level security",
    sql: "alter role mema_app bypassrls",
    finds: ["role_attributes mema_app"],
    by: "superuser",
  },
  { what: "a superuser as worker", sql: "alter role mema_worker superuser", finds: ["role_attributes mema_worker"], by: "superuser" },
  { what: "an owner that logs in", sql: "alter role mema_owner login", finds: ["role_attributes mema_owner"], by: "superuser" },
  {
    what: "a runtime role that inherits",
    sql: "alter role mema_auth inherit",
    finds: ["role_attributes mema_auth"],
    by: "superuser",
  },
  {
    what: "the application in the owner's role",
    sql: "grant mema_owner to mema_app",
    finds: ["role_membership mema_app in mema_owner"],
    by: "superuser",
  },
  {
    what: "a role that reads all data",
    sql: "grant pg_read_all_data to mema_auth",
    finds: ["role_membership mema_auth in pg_read_all_data"],
    by: "superuser",
  },
  {
    what: "a user bound by the role's settings",
    sql: "alter role mema_app set app.user_id = '00000000-0000-7000-8000-000000000001'",
    finds: ["role_setting mema_app: app.user_id=00000000-0000-7000-8000-000000000001"],
    by: "superuser",
  },
  {
    what: "row-level security off for the database",
    sql: "do $$ begin execute format('alter database %I set row_security = off', current_database()); end $$",
    finds: ["role_setting database: row_security=off"],
    by: "superuser",
  },
  {
    what: "a table of the application's own",
    sql: "create table ops.scratch (id uuid primary key, created_at timestamptz not null default now()); alter table ops.scratch owner to mema_app; revoke all on ops.scratch from mema_app",
    finds: ["runtime_owns mema_app: table ops.scratch", "owner ops.scratch"],
    by: "superuser",
  },
  {
    what: "an object of another owner",
    sql: "create table ops.scratch (id uuid primary key, created_at timestamptz not null default now())",
    finds: ["owner ops.scratch"],
    by: "superuser",
  },
  {
    what: "a key that does not begin with the user",
    sql: table("jottings").replace("primary key (user_id, id)", "primary key (id, user_id), unique (user_id, id)"),
    finds: ["primary_key public.jottings"],
  },
  {
    what: "a table without a user, and without a key",
    sql: "create table ops.jottings (created_at timestamptz not null default now())",
    finds: ["primary_key ops.jottings"],
  },
  {
    what: "a foreign key without the user",
    sql: `create table ops.things (id uuid primary key, created_at timestamptz not null default now()); ${table("jottings", ", thing_id uuid references ops.things (id)")}
      create index jottings_thing_index on jottings (thing_id)`,
    finds: ["foreign_key_tenant public.jottings.jottings_thing_id_fkey"],
  },
  {
    what: "a foreign key that compares the user with the id",
    sql: `${table("jottings", ", fact_id uuid")}
      alter table jottings add constraint jottings_fact_fk foreign key (fact_id, user_id) references facts (user_id, id);
      create index jottings_fact_index on jottings (user_id, fact_id)`,
    finds: ["foreign_key_tenant public.jottings.jottings_fact_fk"],
  },
  {
    what: "rows that outlive their user",
    sql: "alter table facts drop constraint facts_user_fk; alter table facts add constraint facts_user_fk foreign key (user_id) references users (id)",
    finds: ["foreign_key_user public.facts"],
  },
  {
    what: "a foreign key that sets the user to null",
    sql: `alter table facts drop constraint facts_source_message_fk;
      alter table facts add constraint facts_source_message_fk foreign key (user_id, source_message_id) references messages (user_id, id) on delete set null`,
    finds: ["foreign_key_set_null public.facts.facts_source_message_fk"],
  },
  {
    what: "a foreign key that was not checked",
    sql: `alter table facts drop constraint facts_source_message_fk;
      alter table facts add constraint facts_source_message_fk foreign key (user_id, source_message_id) references messages (user_id, id) not valid`,
    finds: ["constraint_effective public.facts.facts_source_message_fk"],
  },
  {
    what: "foreign keys that are not enforced",
    sql: "alter table event_heads disable trigger all",
    finds: ["constraint_effective public.event_heads.RI_ConstraintTrigger", "constraint_effective public.event_heads.RI_ConstraintTrigger"],
    by: "superuser",
  },
  {
    what: "a value that only one of all users may have",
    sql: "create unique index facts_content_unique on facts (content)",
    finds: ["unique_tenant public.facts.facts_content_unique"],
  },
  {
    what: "a table without an index for its user",
    sql: `${table("jottings")} alter table jottings drop constraint jottings_pkey`,
    finds: ["primary_key public.jottings", "index_tenant public.jottings", "index_foreign_key public.jottings.jottings_user_id_fkey"],
  },
  {
    what: "a foreign key without an index",
    sql: "drop index facts_source_message_index",
    finds: ["index_foreign_key public.facts.facts_source_message_fk"],
  },
  {
    what: "a foreign key whose index leaves out rows that have it",
    sql: `drop index facts_source_message_index;
      create index facts_source_message_index on facts (user_id, source_message_id) where source_message_id is not null and status = 'active'`,
    finds: ["index_foreign_key public.facts.facts_source_message_fk"],
  },
  {
    what: "the same index twice",
    sql: "create index facts_again on facts (user_id, status, id)",
    finds: ["index_duplicate public.facts.facts_status_index"],
  },
  {
    what: "an index whose building was interrupted",
    sql: "update pg_index set indisvalid = false where indexrelid = 'facts_status_index'::regclass",
    finds: ["index_valid public.facts.facts_status_index"],
    by: "superuser",
  },
  {
    what: "a table without a user among the users' tables",
    sql: `${table("jottings")} alter table jottings drop constraint jottings_pkey, drop constraint jottings_user_id_fkey, alter user_id drop not null;
      create unique index jottings_key on jottings (user_id, id)`,
    finds: ["primary_key public.jottings", "foreign_key_user public.jottings", "user_id public.jottings"],
  },
  {
    what: "users' rows outside of row-level security's schema",
    sql: "create table ops.jottings (id uuid primary key, user_id uuid, created_at timestamptz not null default now())",
    finds: ["user_outside_public ops.jottings"],
  },
  {
    what: "a table without created_at",
    sql: "alter table facts drop created_at",
    finds: ["created_at public.facts"],
  },
  {
    what: "an instant without a zone",
    sql: "alter table facts add seen_at timestamp",
    finds: ["timestamptz public.facts.seen_at"],
  },
  {
    what: "a sequence",
    sql: "alter table facts add number bigint generated always as identity",
    finds: ["sequence public.facts_number_seq"],
  },
  {
    what: "an enumeration with a value more in the database",
    sql: "alter table facts drop constraint facts_status_check; alter table facts add constraint facts_status_check check (status in ('active', 'outdated', 'gone'))",
    finds: ["enumeration public.facts.status"],
  },
  {
    what: "an enumeration without a CHECK",
    sql: "alter table ops.service_keys drop constraint service_keys_kind_check",
    finds: ["enumeration ops.service_keys.kind"],
  },
  {
    what: "a view with its owner's rights",
    sql: "create view all_facts as select * from facts",
    finds: ["view_invoker public.all_facts"],
  },
  {
    what: "a materialised view that can be read",
    sql: "create materialized view all_facts as select content from facts; grant select on all_facts to mema_app",
    finds: ["unprotected_relation public.all_facts"],
  },
  {
    what: "a rule that copies rows with the owner's rights",
    sql: "create rule copy as on insert to facts do also delete from messages",
    finds: ["rewrite_rule public.facts.copy"],
  },
  {
    what: "a function with its owner's rights",
    sql: `create function ops.tool() returns integer language sql security definer set search_path = pg_catalog as 'select 1';
      revoke all on function ops.tool() from public`,
    finds: ["security_definer ops.tool()"],
  },
  {
    what: "a trigger whose names its caller decides",
    sql: `create function ops.touch() returns trigger language plpgsql as 'begin return new; end';
      revoke all on function ops.touch() from public;
      create trigger touch before insert on facts for each row execute function ops.touch()`,
    finds: ["search_path ops.touch()"],
  },
];
