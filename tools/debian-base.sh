#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a minimal, pristine Debian in a folder: no backports, and no files of this machine. The mirror, its keys and a
# proxy are taken from this machine's apt configuration. Needs root and debootstrap.
#
#   tools/debian-base.sh FOLDER [SUITE]     SUITE: bookworm (Debian 12, the default), trixie (Debian 13)
set -euo pipefail
folder=${1:?usage: debian-base.sh FOLDER [SUITE]}
suite=${2:-bookworm}

if [[ $(id -u) -ne 0 ]]; then
  echo "kmodtest: $0 needs root (debootstrap makes devices and changes roots)" >&2
  exit 3
fi
if ! command -v debootstrap >/dev/null; then
  echo "kmodtest: there is no debootstrap (hint: tools/install-dependencies.sh --package)" >&2
  exit 3
fi

# The names in $(…) are apt's own placeholders.
# shellcheck disable=SC2016
targets=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(REPO_URI)')
# shellcheck source=/dev/null
host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# A mirror has the suites of all releases of Debian: those of the host's own release tell where.
mirror_of() {
  local name
  for name in "$1" "${1/#$suite/$host}"; do
    awk -v suite="$name" '$1 == "Packages" && $2 == suite { print $3; exit }' <<<"$targets"
  done | head -1
}
mirror=$(mirror_of "$suite")
if [[ -z $mirror ]]; then
  echo "kmodtest: apt's configuration names no mirror of Debian (neither the suite $suite nor $host)" >&2
  exit 3
fi

eval "$(apt-config shell proxy Acquire::http::Proxy)"
[[ -z ${proxy:-} ]] || export http_proxy=$proxy
debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder" "$mirror"

# Signed by the keys in Debian's own packages.
for part in "$suite" "$suite-updates" "$suite-security"; do
  part_mirror=$(mirror_of "$part")
  [[ -z $part_mirror ]] || echo "deb $part_mirror $part main"
done >"$folder/etc/apt/sources.list"
apt-config dump Acquire | grep -i '::proxy' >"$folder/etc/apt/apt.conf.d/90proxy" || rm -f "$folder/etc/apt/apt.conf.d/90proxy"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
cp /etc/hosts "$folder/etc/hosts"
# Prevents services from starting in it.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod +x "$folder/usr/sbin/policy-rc.d"
