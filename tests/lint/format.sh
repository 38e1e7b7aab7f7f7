#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# format.sh CLANG-FORMAT ROOT: fails and names the place where a C++ file is not formatted by .clang-format.
set -eu
cd "$2"
find framework emulator guest library tests benchmarks examples -type f \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
  xargs -0 "$1" --dry-run -Werror
