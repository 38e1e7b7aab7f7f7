#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules about source files that no compiler checks. Prints one line per violation and exits with 1 when there is any.
#
#   tests/lint/lint.sh layering|length|spdx|all [ROOT]
#
#   layering  includes between the folders of framework/ point to the left only (docs/architecture.md); guest/ includes
#             nothing but wire/ and observe/; a quoted include names its folder
#   length    no source file of framework/, guest/ and library/ has more than 400 lines
#   spdx      the first line of every C and C++ file (modules: of every C file) names the licence
set -eu

rule=${1:?usage: lint.sh layering|length|spdx|all [ROOT]}
root=${2:-.}
max_lines=400

# sources FOLDER...: the C and C++ files of those folders that exist.
sources() {
  for folder in "$@"; do
    if [ -d "$root/$folder" ]; then
      find "$root/$folder" -type f \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.hpp' \) ! -name '*.mod.c'
    fi
  done | LC_ALL=C sort
}

check_layering() {
  sources framework guest | while read -r file; do
    awk -v file="${file#"$root"/}" '
      BEGIN {
        rank["base"] = rank["wire"] = 0
        rank["plan"] = rank["observe"] = rank["kernel"] = 1
        rank["vm"] = rank["agent"] = 2
        rank["judge"] = 3; rank["report"] = 4; rank["run"] = 5; rank["cli"] = 6
        split(file, part, "/")
        in_guest = part[1] == "guest"
        from = in_guest ? "guest" : part[2]
      }
      function complain(text) { printf "%s:%d: %s\n", file, FNR, text }
      !/^[ \t]*#[ \t]*include[ \t]*["<]/ { next }
      {
        name = $0
        quoted = name ~ /^[ \t]*#[ \t]*include[ \t]*"/
        sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", name)
        sub(/[">].*$/, "", name)
        slash = index(name, "/")
        folder = slash ? substr(name, 1, slash - 1) : ""
        ours = folder in rank
        if (!quoted && !ours) next
        if (name ~ /(^|\/)\.\.(\/|$)/) { complain("include \"" name "\" climbs out of its folder"); next }
        if (in_guest) {
          if (ours && folder != "wire" && folder != "observe")
            complain("guest includes " folder "/: the agent is built of wire and observe alone")
          next
        }
        if (!slash) { complain("include \"" name "\" does not name its folder"); next }
        if (!ours) { complain("include \"" name "\" is of no layer"); next }
        if (!(from in rank)) { complain("folder framework/" from " is of no layer"); next }
        if (folder == from) next
        if (rank[folder] > rank[from]) complain("upward include: " from " includes " folder "/")
        else if (rank[folder] == rank[from]) complain("sibling include: " from " includes " folder "/")
      }' "$file"
  done
}

check_length() {
  sources framework guest library | while read -r file; do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt "$max_lines" ]; then
      echo "${file#"$root"/}: $lines lines, more than $max_lines: split it"
    fi
  done
}

check_spdx() {
  sources framework guest library tests benchmarks modules examples | while read -r file; do
    case "$(head -n 1 "$file")" in
      "// SPDX-License-Identifier: GPL-2.0"* | "/* SPDX-License-Identifier: GPL-2.0"*) ;;
      *) echo "${file#"$root"/}:1: the first line is no SPDX-License-Identifier" ;;
    esac
  done
}

case "$rule" in
  layering) violations=$(check_layering) ;;
  length) violations=$(check_length) ;;
  spdx) violations=$(check_spdx) ;;
  all) violations=$(check_layering && check_length && check_spdx) ;;
  *)
    echo "lint.sh: unknown rule '$rule'" >&2
    exit 2
    ;;
esac

if [ -z "$(sources framework)" ]; then
  echo "lint.sh: no sources below $root/framework" >&2
  exit 2
fi
if [ -n "$violations" ]; then
  printf '%s\n' "$violations"
  exit 1
fi
