#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run_target.sh TARGET [OPTION|FOLDER]...: a short run; a time of its own for every caller (KMODTEST_FUZZ_SECONDS).
target=$1
shift
exec "$target" -max_total_time="${KMODTEST_FUZZ_SECONDS:-3}" "$@"
