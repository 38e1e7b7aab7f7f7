#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the tests of a build folder. If some fail, their output is repeated at the end, before ctest's summary: people
# (and CI pages) look at the end of a log.
set -uo pipefail
build=$1
shift
log=$build/Testing/run-tests.log
mkdir -p "$build/Testing"
ctest --test-dir "$build" --output-on-failure --no-tests=error "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
  echo
  echo "Output of the failed tests:"
  # From a failed test's line to the next line of ctest itself.
  awk '/^ *[0-9]+\/[0-9]+ Test +#/ { shown = /\*\*\*|Not Run/; lines = 0 }
       /^ *Start +[0-9]+: / || /^[0-9]+% tests passed/ { shown = 0 }
       shown && lines++ < 80' "$log" | cut -c1-400
  sed -n '/% tests passed/,$p' "$log"
fi
exit "$status"
