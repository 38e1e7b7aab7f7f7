#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Provides kmodtest on a CI machine: finds it, or installs a package of it, or installs what it needs and builds it.
#
#   KMODTEST_PACKAGE  a Debian package of kmodtest, made on a system like this one: a file, or an address that curl knows
#   KMODTEST_SHA256   the package's checksum; without it, the package is not checked
#   KMODTEST_PREFIX   installation folder, which the CI caches (default: ~/.local/kmodtest)
#
# A kmodtest in PATH is used as it is (an image that has it). One that an earlier job left in KMODTEST_PREFIX is used if
# it was built from these sources. Its folder is added to PATH for later steps ($GITHUB_PATH).
set -euo pipefail
source_folder=$(cd "$(dirname "$0")/../.." && pwd)
prefix=${KMODTEST_PREFIX:-$HOME/.local/kmodtest}

if command -v kmodtest >/dev/null; then
  echo "kmodtest: $(kmodtest --version) is here: $(command -v kmodtest)"
  exit 0
fi

# shellcheck source=/dev/null
. "${KMODTEST_OS_RELEASE:-/etc/os-release}"
case ${ID:-}-${VERSION_ID:-} in
  debian-12 | debian-13 | ubuntu-24.04 | ubuntu-2[5-9].* | ubuntu-[3-9]?.*) ;;
  *)
    echo "kmodtest: error[K0313]: this is ${PRETTY_NAME:-no Debian}, but kmodtest can be set up on Debian 12 and 13 and on Ubuntu 24.04 and later" >&2
    echo "  hint: run the job in a container, 'container: debian:trixie' (docs/guide/ci.md)" >&2
    exit 3
    ;;
esac

if [[ -n "${KMODTEST_PACKAGE:-}" ]]; then
  exec "$source_folder/tools/ci/install-package.sh"
fi

key=$("$source_folder/tools/ci/cache-keys.sh" | sed -n 's/^build=//p')
"$source_folder/tools/install-dependencies.sh"
if [[ -x "$prefix/bin/kmodtest" && "$(cat "$prefix/built-from" 2>/dev/null)" == "$key" ]]; then
  echo "kmodtest: using the cached one ($prefix)"
else
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  cd "$source_folder"
  cmake --preset release -B "$build" -D KMODTEST_TESTS=OFF -D KMODTEST_BENCHMARKS=OFF \
    -D KMODTEST_LIBRARY=OFF
  cmake --build "$build" --target kmodtest kmodtest-agent kmodtest-qemu manual
  rm -rf "$prefix"
  cmake --install "$build" --prefix "$prefix"
  echo "$key" >"$prefix/built-from"
fi
"$prefix/bin/kmodtest" --version
if [[ -n "${GITHUB_PATH:-}" ]]; then echo "$prefix/bin" >>"$GITHUB_PATH"; fi
