#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run_target.sh TARGET [OPTION|FOLDER]...: fuzzes for a short time, which the caller can set (KMODTEST_FUZZ_SECONDS).
target=$1
shift
exec "$target" -max_total_time="${KMODTEST_FUZZ_SECONDS:-3}" "$@"
