#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a minimal, pristine Debian 12 in a folder: no backports, and no files of this machine. The mirror, its keys and
# a proxy are taken from this machine's apt configuration. Needs root and debootstrap.
#
#   tools/debian-base.sh FOLDER
set -euo pipefail
folder=${1:?usage: debian-base.sh FOLDER}

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
mirror_of() { awk -v suite="$1" '$1 == "Packages" && $2 == suite { print $3; exit }' <<<"$targets"; }
mirror=$(mirror_of bookworm)
if [[ -z $mirror ]]; then
  echo "kmodtest: apt's configuration names no mirror of the bookworm suite" >&2
  exit 3
fi

eval "$(apt-config shell proxy Acquire::http::Proxy)"
[[ -z ${proxy:-} ]] || export http_proxy=$proxy
debootstrap --variant=minbase --include=ca-certificates bookworm "$folder" "$mirror"

# Signed by the keys in Debian's own packages.
for suite in bookworm bookworm-updates bookworm-security; do
  suite_mirror=$(mirror_of "$suite")
  [[ -z $suite_mirror ]] || echo "deb $suite_mirror $suite main"
done >"$folder/etc/apt/sources.list"
apt-config dump Acquire | grep -i '::proxy' >"$folder/etc/apt/apt.conf.d/90proxy" || rm -f "$folder/etc/apt/apt.conf.d/90proxy"
cp /etc/resolv.conf "$folder/etc/resolv.conf"
cp /etc/hosts "$folder/etc/hosts"
# Prevents services from starting in it.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod +x "$folder/usr/sbin/policy-rc.d"
