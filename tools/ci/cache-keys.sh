#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Says under which keys a CI keeps what it need not make again, as NAME=VALUE lines:
#
#   build=…           kmodtest itself, of these sources on this system
#   build-path=…      where tools/ci/setup.sh puts it
#   cache=…           kernels, snapshots, built modules, times of cases
#   cache-restore=…   the beginning of the keys of older ones, which are good to start from
#   cache-path=…      where they lie
#   name=…            of the report: kmodtest-report, or kmodtest-report-2-of-4 of a shard
#
#   KMODTEST_SHARD    K/N, or empty
#   KMODTEST_PLANS    files and folders, one a line: a change in them makes a new entry of the cache
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/../.." && pwd)

# digest_of FILE-OR-FOLDER...: 16 digits that change with any of the files.
digest_of() {
  { find "$@" -type f -print0 2>/dev/null || true; } | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -c1-16
}

# shellcheck source=/dev/null
. "${KMODTEST_OS_RELEASE:-/etc/os-release}"
system="${ID:-unknown}-${VERSION_ID:-0}-$(uname -m)"
cd "$source_folder"
build=$(digest_of CMakeLists.txt CMakePresets.json cmake errors framework guest images templates tools/install-dependencies.sh)
catalogue=$(digest_of images/kernels.yaml)
cd "$OLDPWD"
mapfile -t plans < <(grep -v '^[[:space:]]*$' <<<"${KMODTEST_PLANS:-}" || true)
plans_digest=none
if [[ ${#plans[@]} -gt 0 ]]; then plans_digest=$(digest_of "${plans[@]}"); fi

name=kmodtest-report
kind=all
if [[ -n "${KMODTEST_SHARD:-}" ]]; then
  name+="-${KMODTEST_SHARD/\//-of-}"
  kind=shard-${KMODTEST_SHARD/\//-of-}
fi
# The shards of a run have to agree on what earlier runs took, or a case could be in none of them. So they keep a cache of
# their own, and a run with --shard writes no history into it.
path="$HOME/.cache/kmodtest"
if [[ $kind != all ]]; then path+="-shards"; fi

cat <<END
build=kmodtest-build-$system-$build
build-path=$HOME/.local/kmodtest
cache=kmodtest-cache-$system-$catalogue-$kind-$plans_digest
cache-restore=kmodtest-cache-$system-$catalogue-$kind-
cache-path=$path
name=$name
END
