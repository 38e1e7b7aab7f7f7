#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# embed_test.sh CMAKE ROOT: embeds malformed files, and compares what the build reports with what it has to report.
set -eu

cmake=$1
root=$2
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# embed CHECK FILE...: what cmake/EmbedFiles.cmake prints, without the wording of CMake itself; "made" when it succeeds.
embed() {
  check=$1
  shift
  files=$(printf '%s;' "$@")
  if "$cmake" -D made="$tree/made.cpp" -D layer=base -D function=files -D folder="$tree" -D "files=${files%;}" \
    -D check="$check" -P "$root/cmake/EmbedFiles.cmake" >"$tree/log" 2>&1; then
    echo made
  else
    sed -n "s|^ *$tree/||p" "$tree/log"
  fi
}

# expect SEEN WANTED
expect() {
  if [ "$1" != "$2" ]; then
    failures=$((failures + 1))
    printf -- '--- expected\n%s\n--- seen\n%s\n' "$2" "$1"
  fi
}

# Any file.
printf 'a\n' >"$tree/fine"
printf 'a' >"$tree/open"
printf ')embedded"\n' >"$tree/end"
expect "$(embed '' fine)" made
expect "$(embed '' open end fine)" 'open: does not end with one newline
end: has the text )embedded", which would end it'

# The format of errors/.
title='# K0101: no disk'
cause='## Cause'
remedy='## Remedy'
example='## Example'
fence='```output'
write() {
  printf '%s\n\nMeaning; [one]\n\n%s\n\nWhy.\n\n%s\n\nHow.\n\n%s\n\n%s\nkmodtest\n```\n' \
    "$title" "$cause" "$remedy" "$example" "$fence" >"$tree/$1"
}
write K0101.md
title='# K0102: no disk.' && write K0102.md
title='# K0101: no disk' && write K0103.md
title='# K0104: no disk' && cause='## Why' && write K0104.md
title='# K0105: no disk' && cause='## Cause' && fence='```' && write K0105.md
title='# K0106: no disk' && fence='```yaml' && remedy='## Note

x

## Remedy' && write K0106.md
printf '* K01: Disks\nK02 Plans\n' >"$tree/areas.md"
first_lines="a title without a full stop', an empty line and the meaning"
expect "$(embed "$root/errors/check.cmake" K0101.md)" made
expect "$(embed "$root/errors/check.cmake" areas.md K0102.md K0103.md K0104.md K0105.md K0106.md fine)" \
  "areas.md: this line is not of the form '* K06: QEMU and libvirt': K02 Plans
K0102.md: does not begin with '# K0102: $first_lines
K0103.md: does not begin with '# K0103: $first_lines
K0104.md: the section '## Cause' is missing, not between empty lines, or not in its place
K0105.md: the example is not one block that begins with \`\`\`output or \`\`\`yaml and ends with \`\`\`
K0106.md: this heading is not expected here: ## Note
fine: the name is not a code such as K0601.md"

if [ "$failures" -gt 0 ]; then
  echo "$failures failed"
  exit 1
fi
