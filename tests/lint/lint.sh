#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules about source files that no compiler checks. Prints one line per violation and exits with 1 when there is any.
#
#   tests/lint/lint.sh layering|length|spdx|codes|all [ROOT]
#
#   layering  includes between the folders of framework/ point to the left only (docs/architecture.md); guest/ includes
#             nothing but wire/ and observe/; a quoted include names its folder
#   length    no source file of framework/, guest/ and library/ has more than 400 lines
#   spdx      the first line of every C and C++ file (modules: of every C file) names the licence
#   codes     each error code of base/error_code.hpp is explained in base/errors, and is that of some error
set -eu

rule=${1:?usage: lint.sh layering|length|spdx|codes|all [ROOT]}
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

check_codes() {
  codes=$root/framework/base/error_code.hpp
  if [ ! -f "$codes" ]; then return; fi
  # Scripts know a code by its number. What follows has the numbers first, then "file:Code::name" of the sources.
  {
    find "$root/tools" -name '*.sh' -exec grep -oh 'K0[0-9]\{3\}' {} + 2>/dev/null || true
    sources framework library | grep -v "^$codes$" | xargs -r grep -oH 'Code::[a-z_0-9]*'
  } |
    awk -v codes="$codes" -v explained="$root/framework/base/errors/" '
      /^K0/ { number_used[substr($0, 2) + 0] = 1; next }
      {
        split($0, part, ":Code::")
        if (index(part[1], explained) == 1) told[part[2]] = 1
        else used[part[2]] = 1
      }
      END {
        while ((getline line < codes) > 0) {
          if (line !~ /^  [a-z_0-9]+ = [0-9]+,/) continue
          name = number = line
          gsub(/^.* = |,.*$/, "", number)
          sub(/^ */, "", name)
          sub(/ .*$/, "", name)
          if (name == "none") continue
          if (!(name in told)) print "framework/base/error_code.hpp: the code " name " is not explained in base/errors"
          if (!(name in used) && !(number + 0 in number_used)) print "framework/base/error_code.hpp: the code " name " is that of no error"
        }
      }'
}

case "$rule" in
  layering) violations=$(check_layering) ;;
  length) violations=$(check_length) ;;
  spdx) violations=$(check_spdx) ;;
  codes) violations=$(check_codes) ;;
  all) violations=$(check_layering && check_length && check_spdx && check_codes) ;;
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
