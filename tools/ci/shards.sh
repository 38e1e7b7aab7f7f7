#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Divides a run over the jobs of a CI. Prints one NAME=VALUE line:
#
#   shards.sh list    list=["1/4","2/4","3/4","4/4"]: all shards, for the matrix of a workflow
#   shards.sh own     shard=2/4: that of this job; empty if it runs all cases
#
#   KMODTEST_SHARDS     how many shards, at most 256 (GitHub's limit of jobs in a matrix)
#   KMODTEST_SHARD      K/N, in place of KMODTEST_SHARDS: used as it is
#   KMODTEST_JOB_INDEX  the place of this job in its matrix, from 0
#   KMODTEST_JOB_TOTAL  the number of jobs in its matrix
set -euo pipefail
shards=${KMODTEST_SHARDS:-}

# fail CODE MESSAGE HINT
fail() {
  echo "kmodtest: error[$1]: $2" >&2
  echo "  hint: $3" >&2
  exit 2
}

if [[ -n "$shards" && ! ($shards =~ ^[1-9][0-9]{0,2}$ && $shards -le 256) ]]; then
  fail K0102 "'shards' has to be a whole number from 1 to 256, not '$shards'" \
    "a matrix of GitHub has at most 256 jobs"
fi

case $1 in
  list)
    list=
    for ((shard = 1; shard <= ${shards:-1}; ++shard)); do list+=",\"$shard/$shards\""; done
    echo "list=[${list#,}]"
    ;;
  own)
    if [[ -n "$shards" && -n "${KMODTEST_SHARD:-}" ]]; then
      fail K0104 "'shard' and 'shards' cannot be used together" "with a matrix of shards, set 'shards' alone"
    fi
    if [[ -n "$shards" && "$shards" -ne "${KMODTEST_JOB_TOTAL:-1}" ]]; then
      fail K0102 "there are $shards shards, but ${KMODTEST_JOB_TOTAL:-1} jobs in the matrix" \
        "give the job a matrix with one entry for each shard, or name each job's part with 'shard: K/N'"
    fi
    if [[ -n "$shards" ]]; then
      echo "shard=$((KMODTEST_JOB_INDEX + 1))/$shards"
    else
      echo "shard=${KMODTEST_SHARD:-}"
    fi
    ;;
esac
