#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs a Debian package of kmodtest and what it depends on. tools/ci/setup.sh calls it.
#
#   KMODTEST_PACKAGE  a file, or an address that curl knows
#   KMODTEST_SHA256   its checksum; without it, the package is not checked
set -euo pipefail
package=${KMODTEST_PACKAGE:?}

# fail MESSAGE HINT
fail() {
  echo "kmodtest: error[K0317]: $1" >&2
  echo "  hint: $2" >&2
  exit 3
}

# shellcheck source=tools/apt.sh
. "$(dirname "$0")/../apt.sh"
use_apt "$package" "$0"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"  # apt reads the file as another user
file=$work/kmodtest.deb
if [[ $package == *://* ]]; then
  if ! command -v curl >/dev/null; then
    "${apt[@]}" update
    "${apt[@]}" install --no-install-recommends curl ca-certificates
  fi
  curl -fsSL --retry 3 -o "$file" "$package" ||
    fail "cannot download $package" "check the address; without KMODTEST_PACKAGE, kmodtest is built from its sources"
else
  [[ -r $package ]] || fail "there is no file $package" "KMODTEST_PACKAGE takes a .deb file or its address"
  cp "$package" "$file"
fi
if [[ -n "${KMODTEST_SHA256:-}" && "$(sha256sum "$file" | cut -d' ' -f1)" != "$KMODTEST_SHA256" ]]; then
  fail "$package has the checksum $(sha256sum "$file" | cut -d' ' -f1), not $KMODTEST_SHA256" \
    "take the checksum from the page of the release"
fi
[[ "$(dpkg-deb --field "$file" Package 2>/dev/null)" == kmodtest ]] ||
  fail "$package is not a Debian package of kmodtest" "KMODTEST_PACKAGE takes kmodtest_VERSION_amd64.deb"

# Debian 12's own QEMU is too old.
suite=()
# shellcheck source=/dev/null
. "${KMODTEST_OS_RELEASE:-/etc/os-release}"
"${apt[@]}" update
if [[ ${VERSION_CODENAME:-} == bookworm ]]; then
  add_backports
  suite=(-t bookworm-backports)
fi
"${apt[@]}" install --no-install-recommends "${suite[@]}" "$file" ||
  fail "apt cannot install $package" "it has to be made on this system (${PRETTY_NAME:-}): libraries have other names elsewhere"
kmodtest --version
