#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs a build tree, and builds and runs the example against the installed files, as its README describes.
#
#   example.sh CMAKE BUILD EXAMPLE WORK
set -euo pipefail
cmake=$1 build=$2 example=$3 work=$4

rm -rf "$work"
mkdir -p "$work"
"$cmake" --install "$build" --prefix "$work/prefix" >"$work/install.log"
cp -r "$example" "$work/example"
shown=$(nm -DC --defined-only "$work"/prefix/lib*/libkmodtest.so | cut -d' ' -f3- | grep -v 'kmodtest::' || :)
if [[ -n $shown ]]; then
  printf 'the library exports foreign symbols:\n%s\n' "$shown" >&2
  exit 1
fi
cd "$work/example"
# Only the installed files count, not those of the build tree.
unset KMODTEST_DATA
# A failed test shows the line of its source, so the compiler has to get its absolute path.
export CCACHE_BASEDIR=
options=()
if command -v ccache >/dev/null; then options+=(-D CMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
if command -v ninja >/dev/null; then options+=(-G Ninja); fi
"$cmake" -S . -B build "${options[@]}" -D CMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
"$cmake" --build build

build/test_ticker
if build/test_buggy >"$work/buggy.txt"; then
  echo "the tests of a broken module passed" >&2
  exit 1
fi
# Expects a text of a failure, at the line of the test that caused it.
expect() {
  grep -qF -- "$1" "$work/buggy.txt" && return
  echo "test_buggy did not print: $1" >&2
  cat "$work/buggy.txt" >&2
  exit 1
}
line_of() { grep -nF -- "$1" test_buggy.cpp | cut -d: -f1; }
expect "test_buggy.cpp:$(line_of 'guest.write'): Failure"
expect "Crashed: NULL pointer dereference in buggy_write"
expect "guest.write(\"/proc/buggy\", \"1\");"
expect "Leaked: "
expect "/proc/buggy"
expect "test_buggy.cpp:$(line_of 'guest.wait_for_log'): Failure"
expect "'buggy: hello' has not appeared"
expect "3 FAILED TESTS"
