#!/usr/bin/env bash
# Installs Debian's Chromium and plain fonts for the browser tests, for machines (CI) that have none. Run as root on Debian.
set -euo pipefail

if command -v chromium >/dev/null; then
  echo "Chromium is installed"
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold chromium fonts-noto-core >/dev/null
echo "Chromium is ready"
