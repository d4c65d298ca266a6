/** One way to break a property; the live proof must notice. */
export interface ProofBreak {
  property: string;
  what: string;
  sql: string;
  /** Whose act it is; mema_owner's unless said otherwise. Roles belong to the cluster: only the embedded engine is one of its own. */
  by?: "superuser";
}

const setting = "current_setting('app.user_id', true)";
const own = `user_id = nullif(${setting}, '')::uuid`;
const openTable = (table: string) => `alter policy own_rows on ${table} using (true) with check (true)`;
const definer = (name: string, body: string) => `
  create function ops.${name}() returns trigger language plpgsql security definer set search_path = pg_catalog as
    $$ declare leaked text; begin ${body}; return coalesce(new, old); end $$;`;

export const proofBreaks: ProofBreak[] = [
  { property: "I1", what: "a policy that shows all rows", sql: "alter policy own_rows on facts using (true)" },
  {
    property: "I1",
    what: "a second policy that shows rows of others",
    sql: "create policy support on reminders for select to mema_app using (title is not null)",
  },
  {
    property: "I2",
    what: "rows for whoever is nobody",
    sql: `alter policy own_rows on facts using (${own} or coalesce(${setting}, '') = '')`,
  },
  { property: "I3", what: "rows for an empty binding", sql: `alter policy own_rows on facts using (${own} or ${setting} = '')` },
  { property: "I3", what: "an empty binding that is an error", sql: `alter policy own_rows on facts using (user_id = ${setting}::uuid)` },
  {
    property: "I4",
    what: "a binding that is compared as text",
    sql: `alter policy own_rows on facts using (starts_with(user_id::text, ${setting}))`,
  },
  {
    property: "I5",
    what: "a binding that outlives its transaction",
    sql: `alter policy own_rows on facts using (user_id = nullif(set_config('app.user_id', ${setting}, false), '')::uuid)`,
  },
  { property: "I6", what: "a policy that accepts any row", sql: "alter policy own_rows on facts with check (true)" },
  { property: "I7", what: "rows of others that can be changed", sql: openTable("reminders") },
  { property: "I8", what: "rows that can be given away", sql: openTable("invites") },
  {
    property: "I9",
    what: "rows of others that can be deleted",
    sql: "create policy tidy on channels for all to mema_app using (disabled_at is null)",
  },
  { property: "I10", what: "an upsert that reaches others", sql: openTable("token_usages") },
  { property: "I11", what: "a MERGE that reaches others", sql: openTable("dialog_states") },
  {
    property: "I12",
    what: "a foreign key without the user",
    sql: `create unique index messages_id on messages (id); alter table facts drop constraint facts_source_message_fk;
      alter table facts add constraint facts_source_message_fk foreign key (source_message_id) references messages (id)`,
  },
  {
    property: "I13",
    what: "a trigger that deletes rows of others with its owner's rights",
    sql: `alter table invites no force row level security;
      ${definer("tidy", "delete from public.invites where user_id <> old.user_id")}
      create trigger tidy after delete on sessions for each row execute function ops.tidy()`,
  },
  { property: "I14", what: "rows that outlive their user", sql: "alter table sessions drop constraint sessions_user_fk" },
  {
    property: "I14",
    what: "a deletion that takes others along",
    sql: `alter table invites no force row level security;
      ${definer("tidy", "delete from public.invites where user_id <> old.id")}
      create trigger tidy after delete on users for each row execute function ops.tidy()`,
  },
  {
    property: "I15",
    what: "rows that their own user cannot see",
    sql: "create policy recent on facts as restrictive for select to mema_app using (created_at > now())",
  },
  {
    property: "I16",
    what: "an id that only one of all users may have",
    sql: "create unique index messages_source on messages (source, external_id)",
  },
  {
    property: "I17",
    what: "an error that quotes another user",
    sql: `alter table messages no force row level security;
      ${definer("nosy", "select content into leaked from public.messages where user_id <> new.user_id limit 1; if leaked is not null then raise 'like %', leaked; end if")}
      create trigger nosy before insert on invites for each row execute function ops.nosy()`,
  },
  { property: "I18", what: "locks on rows of others", sql: openTable("reminders") },
  { property: "I19", what: "row-level security switched off", sql: "alter table facts disable row level security" },
  { property: "I20", what: "TRUNCATE granted", sql: "grant truncate on facts to mema_app" },
  { property: "I20", what: "CREATE granted", sql: "grant create on schema ops to mema_worker" },
  { property: "I21", what: "the application in the owner's role", sql: "grant mema_owner to mema_app", by: "superuser" },
  {
    property: "I22",
    what: "a view with its owner's rights",
    sql: "create view all_facts as select content from facts; grant select on all_facts to mema_app",
  },
  {
    property: "I23",
    what: "a function with its owner's rights",
    sql: "create function ops.tool() returns integer language sql security definer set search_path = pg_catalog as 'select 1'",
  },
  {
    property: "I24",
    what: "a function in a policy that plans remember",
    sql: `create function ops.me() returns uuid language sql immutable as $$ select nullif(${setting}, '')::uuid $$;
      grant execute on function ops.me() to mema_app; alter policy own_rows on facts using (user_id = ops.me())`,
  },
  {
    property: "I25",
    what: "an ended transaction after which there are rows",
    sql: `alter policy own_rows on users using (id = nullif(${setting}, '')::uuid or ${setting} = '')`,
  },
  { property: "I26", what: "transactions that see each other's users", sql: "alter policy own_rows on users using (true)" },
  {
    property: "I27",
    what: "an index that ranks all users together",
    sql: "create index facts_embedding on facts using hnsw (embedding vector_cosine_ops)",
  },
  { property: "I27", what: "a vector search over all users", sql: "alter policy own_rows on facts using (true)" },
  { property: "I28", what: "a text search over all users", sql: "alter policy own_rows on messages using (true)" },
];
