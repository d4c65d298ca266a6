#!/usr/bin/env bash
# Restores a backup into an empty database: scripts/restore.sh FILE, then `npm run db:migrate` and `npm run db:check` with DATABASE_URL.
# PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD name the new database as its owner (mema_migrate: CREATEROLE, no superuser), with the
# `vector` extension in it. All or nothing. Rights, passwords and timeouts are not in a backup: db:migrate gives them.
set -euo pipefail

file=${1:?usage: scripts/restore.sh FILE}
query() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

tables=$(query --command "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname in ('public', 'ops', 'drizzle')")
[ "$tables" = 0 ] || { echo "This database has $tables tables already: restore into an empty one." >&2; exit 1; }
[ "$(query --command "select count(*) from pg_extension where extname = 'vector'")" = 1 ] ||
  { echo "This database has no vector extension: run \`create extension vector\` in it as superuser first." >&2; exit 1; }

# Policies name these roles, and the tables belong to mema_owner. Without a password nobody can log in: db:migrate gives one.
query <<'SQL'
do $$
declare wanted text;
begin
  foreach wanted in array array['mema_owner', 'mema_app', 'mema_worker', 'mema_auth'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      execute format('create role %I %s nosuperuser nobypassrls nocreaterole nocreatedb noreplication',
        wanted, case wanted when 'mema_owner' then 'nologin' else 'login noinherit' end);
    end if;
  end loop;
  execute 'grant mema_owner to current_user';
  execute format('grant create, connect on database %I to mema_owner', current_database());
end $$;
grant usage, create on schema public to mema_owner;
SQL

contents=$(mktemp)
trap 'rm -f "$contents"' EXIT
pg_restore --list "$file" | grep -vE ' EXTENSION - | SCHEMA - public ' >"$contents"
pg_restore --no-password --dbname="${PGDATABASE:?names the new database}" --use-list="$contents" \
  --role=mema_owner --no-owner --no-privileges --no-comments --single-transaction --exit-on-error "$file"
echo "Restored. Now: npm run db:migrate, then npm run db:check."
