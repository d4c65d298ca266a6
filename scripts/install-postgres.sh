#!/usr/bin/env bash
# Installs PostgreSQL, PgBouncer and openssl (for certificates of tests) from Debian and pgvector >= 0.8, for machines (CI) that lack them. Run as root on Debian; does nothing when all are there.
# Debian bookworm's own pgvector is too old, so a newer one is built from Debian's source package against the installed server.
set -euo pipefail

version=15
pg_config=/usr/lib/postgresql/$version/bin/pg_config

export DEBIAN_FRONTEND=noninteractive
if ! [ -x /usr/sbin/pgbouncer ] || ! command -v openssl >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold pgbouncer openssl >/dev/null
  # Tests start their own; the packaged service is not needed.
  service pgbouncer stop >/dev/null 2>&1 || true
fi

if [ -x "$pg_config" ] && [ -f "$("$pg_config" --sharedir)/extension/vector.control" ]; then
  echo "PostgreSQL $version with pgvector is installed"
  exit 0
fi

apt-get update -qq
mkdir -p /etc/postgresql-common
grep -qs '^create_main_cluster' /etc/postgresql-common/createcluster.conf ||
  echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold \
  postgresql-$version postgresql-server-dev-$version build-essential dpkg-dev >/dev/null

# The address of Debian's archive is whatever this machine already uses.
archive=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/source"
options=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$work/lists")
echo "deb-src [signed-by=$keyring] $archive trixie main" > "$work/sources.list"
apt-get "${options[@]}" update -qq
(cd "$work/source" && chmod 777 . && apt-get "${options[@]}" source -qq --download-only pgvector && dpkg-source -x ./pgvector_*.dsc tree >/dev/null)
make -s -C "$work/source/tree" OPTFLAGS="" PG_CONFIG="$pg_config" >/dev/null
make -s -C "$work/source/tree" PG_CONFIG="$pg_config" install >/dev/null
echo "PostgreSQL $version with pgvector $(sed -n "s/^default_version = '\(.*\)'/\1/p" "$("$pg_config" --sharedir)/extension/vector.control") installed"
