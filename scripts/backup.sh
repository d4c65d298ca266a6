#!/usr/bin/env bash
# Backs a Mema database up into one file: scripts/backup.sh FILE
# The database is the one that PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD (or a password file) name. The login must have BYPASSRLS:
# under forced row-level security the owner itself sees no rows, and pg_dump refuses rather than write a file without them.
set -euo pipefail

file=${1:?usage: scripts/backup.sh FILE}
[ ! -e "$file" ] || { echo "$file exists: a backup never overwrites another" >&2; exit 1; }
umask 077

verdict=$(psql --no-psqlrc --no-password --tuples-only --no-align --set ON_ERROR_STOP=1 --command "
  select case when rolsuper then 'superuser' when rolbypassrls then 'ok' else 'blind' end from pg_roles where rolname = current_user")
case $verdict in
  ok) ;;
  superuser) echo "warning: this login is a superuser; mema_backup needs BYPASSRLS and pg_read_all_data only" >&2 ;;
  *)
    echo "This login has no BYPASSRLS, so row-level security hides every row from it: use mema_backup (docs/operations.md)." >&2
    exit 1
    ;;
esac

trap 'rm -f "$file.partial"' EXIT
pg_dump --no-password --format=custom --lock-wait-timeout=60s --file="$file.partial"
# A file that cannot be read again is no backup.
pg_restore --list "$file.partial" >/dev/null
mv "$file.partial" "$file"
echo "$file: $(wc -c <"$file" | tr -d ' ') bytes"
