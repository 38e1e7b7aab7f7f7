#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs plans in a CI, or merges the results of shards, and writes all output files into one folder. Ends with kmodtest's
# exit status.
#
#   KMODTEST_PLANS      plans, folders of plans, modules: one per line; required unless KMODTEST_MERGE is set
#   KMODTEST_MERGE      a folder with results of shards: makes one result of them, and runs nothing
#   KMODTEST_REPORTS    the folder of the output files (default: kmodtest-report)
#   KMODTEST_CPUS       as --cpus
#   KMODTEST_KERNELS    as --kernel, one per line
#   KMODTEST_SHARD      as --shard; default: this job's part under GitLab's `parallel: N`
#   KMODTEST_HISTORY    as --history: the same file for all shards; a merge adds this run to it
#   KMODTEST_RETRIES    as --retries
#   KMODTEST_ARGUMENTS  further options of `kmodtest run`, split at blanks
#   KMODTEST_PREFIX     where tools/ci/setup.sh installed kmodtest, if it is not in PATH
#
# The folder has junit.xml, report.html, results.ktap, events.jsonl, summary.md and artifacts/ with a folder for each case.
# A shard also has results-K-of-N.tar.zst, for `kmodtest merge`. On GitHub the summary goes to the page of the step instead,
# and the exit status is the output `exit` of the step.
set -euo pipefail

# lines_of TEXT: puts its lines that are not empty into the array `lines`.
lines_of() {
  mapfile -t lines < <(grep -v '^[[:space:]]*$' <<<"$1" || true)
}

# run_kmodtest WORD...: ends with its exit status.
run_kmodtest() {
  set -x
  if [[ -z "${GITHUB_OUTPUT:-}" ]]; then exec kmodtest "$@"; fi
  local status=0
  kmodtest "$@" || status=$?
  echo "exit=$status" >>"$GITHUB_OUTPUT"
  exit "$status"
}

PATH="${KMODTEST_PREFIX:-$HOME/.local/kmodtest}/bin:$PATH"
reports=${KMODTEST_REPORTS:-kmodtest-report}
shard=${KMODTEST_SHARD:-}
if [[ -z "$shard" && "${CI_NODE_TOTAL:-1}" -gt 1 ]]; then shard="$CI_NODE_INDEX/$CI_NODE_TOTAL"; fi

outputs=(--junit "$reports/junit.xml" --html "$reports/report.html" --ktap "$reports/results.ktap"
         --json "$reports/events.jsonl" --out "$reports/artifacts"
         --markdown "${GITHUB_STEP_SUMMARY:-$reports/summary.md}")
if [[ -n "${KMODTEST_HISTORY:-}" ]]; then outputs+=(--history "$KMODTEST_HISTORY"); fi
mkdir -p "$reports"
if [[ -n "${KMODTEST_MERGE:-}" ]]; then
  run_kmodtest merge "$KMODTEST_MERGE" "${outputs[@]}"
fi

lines_of "${KMODTEST_PLANS:-}"
if [[ ${#lines[@]} -eq 0 ]]; then
  echo "kmodtest: error[K0103]: no plan is named" >&2
  echo "  hint: set 'plans' (KMODTEST_PLANS) to plans, folders of plans or modules, one per line" >&2
  exit 2
fi
options=("${lines[@]}")
lines_of "${KMODTEST_KERNELS:-}"
for kernel in "${lines[@]}"; do options+=(--kernel "$kernel"); done
if [[ -n "${KMODTEST_CPUS:-}" ]]; then options+=(--cpus "$KMODTEST_CPUS"); fi
if [[ -n "${KMODTEST_RETRIES:-}" ]]; then options+=(--retries "$KMODTEST_RETRIES"); fi
if [[ -n "$shard" ]]; then
  options+=(--shard "$shard" --results "$reports/results-${shard/\//-of-}.tar.zst" --attempt "${GITHUB_RUN_ATTEMPT:-1}")
fi
read -ra further <<<"${KMODTEST_ARGUMENTS:-}"
options+=("${further[@]}")

run_kmodtest run "${options[@]}" "${outputs[@]}"
