#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the cache keys of a CI as NAME=VALUE lines:
#
#   build=…           key of kmodtest itself, built from these sources on this system
#   build-path=…      the folder where tools/ci/setup.sh installs it
#   cache=…           key of kernels, snapshots, built modules, times of cases
#   cache-restore=…   the common prefix of older keys, as a fallback
#   cache-path=…      the folder of these files
#   name=…            name of the result: kmodtest-report, or kmodtest-report-2-of-4 for a shard
#
#   KMODTEST_SHARD    K/N, or empty
#   KMODTEST_NAME     in place of kmodtest-report in the name of the result
#   KMODTEST_PLANS    files and folders, one per line: a change in them makes a new cache entry
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
build=$(digest_of CMakeLists.txt CMakePresets.json cmake errors framework guest images templates tools/apt.sh tools/install-dependencies.sh)
catalogue=$(digest_of images/kernels.yaml)
cd "$OLDPWD"
mapfile -t plans < <(grep -v '^[[:space:]]*$' <<<"${KMODTEST_PLANS:-}" || true)
plans_digest=none
if [[ ${#plans[@]} -gt 0 ]]; then plans_digest=$(digest_of "${plans[@]}"); fi

name=${KMODTEST_NAME:-kmodtest-report}
kind=all
if [[ -n "${KMODTEST_SHARD:-}" ]]; then
  name+="-${KMODTEST_SHARD/\//-of-}"
  kind=shard-${KMODTEST_SHARD/\//-of-}
fi
# The shards of a run have to agree on the times of earlier runs; otherwise no shard might run a certain case. So they
# have a separate cache, into which a run with --shard writes no history.
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
