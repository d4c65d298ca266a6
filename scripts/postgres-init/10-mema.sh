#!/usr/bin/env bash
# Runs once, when the cluster is made, as its superuser: the database, its owner (no superuser), the extension that only a superuser may
# create, and the login that backups use. Everything else is made by `npm run db:migrate` as that owner.
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set owner_password="${MEMA_OWNER_PASSWORD:?is not set}" --set backup_password="${MEMA_BACKUP_PASSWORD:?is not set}" <<'SQL'
set password_encryption = 'scram-sha-256';
create role mema_migrate login nosuperuser nobypassrls createrole nocreatedb password :'owner_password';
-- Under forced row-level security the owner sees no rows: a backup needs a login that passes it by, may read, and may do nothing else.
create role mema_backup login nosuperuser bypassrls nocreaterole nocreatedb password :'backup_password';
grant pg_read_all_data to mema_backup;
alter role mema_backup set default_transaction_read_only = on;
create database mema owner mema_migrate encoding 'UTF8' template template0;
revoke all on database mema from public;
grant connect on database mema to mema_backup;
\connect mema
create extension vector;
SQL
