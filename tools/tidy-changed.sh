#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs clang-tidy on the C++ sources that changed since a commit, and on those that include a changed header.
#
#   tools/tidy-changed.sh [COMMIT]     default: where the pull request branched off (GITHUB_BASE_REF), else the commit
#                                      before the newest one; uncommitted changes count, too
#
# `make lint` checks the whole tree, which takes many minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v clang-tidy-14 >/dev/null; then
  echo "clang-tidy: skipped: there is no clang-tidy-14 (its versions differ in what they find)"
  exit 0
fi
base=${1:-}
if [[ -z $base && -n "${GITHUB_BASE_REF:-}" ]]; then base=$(git merge-base HEAD "origin/$GITHUB_BASE_REF"); fi
if [[ -z $base ]]; then base=$(git rev-parse --verify --quiet 'HEAD~1' || true); fi
if [[ -z $base ]]; then
  echo "clang-tidy: there is no earlier commit to compare with"
  exit 0
fi

# Not library/, whose interface has std::source_location: clang learned it in 16.
folders='^(framework|emulator|guest|benchmarks)/'
changed=$(git diff --name-only --diff-filter=d "$base" -- '*.cpp' '*.hpp' | grep -E "$folders" || true)
sources=$(grep '\.cpp$' <<<"$changed" || true)
# A header is checked through the source of the same name, or else through the first one that includes it.
while read -r header; do
  [[ -n $header ]] || continue
  own=${header%.hpp}.cpp
  if [[ ! -f $own ]]; then
    own=$(git grep -l --fixed-strings "#include \"${header#framework/}\"" -- 'framework/*.cpp' 'guest/*.cpp' | head -n 1 || true)
  fi
  sources+=$'\n'$own
done < <(grep '\.hpp$' <<<"$changed" || true)
sources=$(sort -u <<<"$sources" | sed '/^$/d')
if [[ -z $sources ]]; then
  echo "clang-tidy: no C++ source has changed since $(git rev-parse --short "$base")"
  exit 0
fi

# The preset dev compiles each file alone; this tree is only configured. Generated files have to exist.
cmake --preset dev >/dev/null
count=$(wc -l <<<"$sources")
echo "clang-tidy: $count files have changed since $(git rev-parse --short "$base")"
xargs -d '\n' -P "$(nproc)" -n 1 clang-tidy-14 -quiet -p build/dev <<<"$sources" 2> >(grep -v 'warnings generated\|Suppressed\|Use -header-filter' >&2 || true)
