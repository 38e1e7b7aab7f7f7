#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules about source files that no compiler checks. Prints one line per violation, and exits with 1 if there are any.
#
#   tests/lint/lint.sh layering|length|spdx|codes|links|words|all [ROOT]
#
#   layering  each room of framework/, guest/ and emulator/ include only the rooms that framework/layers.txt lists; a quoted
#             include names its folder
#   length    no source file of framework/, guest/ and library/ has more than 400 lines
#   spdx      the first line of every C and C++ file (modules: of every C file) names the licence
#   codes     each error code of base/error_code.hpp has a file errors/KNNNN.md, each such file has a code, and some error
#             uses the code
#   links     each relative link of a Markdown file leads to a file, and to a heading if it names one
#   words     the files of prose_files contain none of the patterns of words.txt; code blocks and `code` of Markdown do not count
set -eu

rule=${1:?usage: lint.sh layering|length|spdx|codes|links|words|all [ROOT]}
root=${2:-.}
max_lines=400
# The files that `words` checks, and exceptions: patterns of paths relative to the root. In them * also matches slashes.
prose_files='*.md Makefile CMakeLists.txt Dockerfile action.yml .github/* ci/* cmake/* packaging/* tools/* tests/*.py tests/*.sh
  tests/*CMakeLists.txt framework/base/* framework/storage/* framework/observe/* framework/agent/* framework/outcome/*
  framework/report/* framework/kernel/* framework/text/* framework/cli/* framework/plan/* framework/run/* framework/vm/*
  framework/judge/* framework/wire/* framework/shared/* framework/shards/* guest/* emulator/* benchmarks/* library/* examples/* modules/*
  tests/support/* tests/fuzz/*.[ch]pp tests/unit/*.[ch]pp tests/e2e/*.[ch]pp'
other_prose='docs/verdicts.md testplans/README.md tests/lint/lint_test.sh'
other_prose="$other_prose framework/report/html/page/licences.txt"
# A key of the JSON of `doctor` is a contract.
other_prose="$other_prose framework/cli/doctor_command.cpp tests/unit/cli/doctor_test.cpp tests/e2e/doctor_test.cpp"
# The texts of the agent's program do not change.
other_prose="$other_prose guest/program_run.cpp"
# What modules print and describe is a contract.
for module in pinned_module spin_irqs_off spin_irqs_on warn_on; do
  other_prose="$other_prose modules/faulty/$module/$module.c"
done

# sources FOLDER...: lists the C and C++ files of those folders that exist.
sources() {
  for folder in "$@"; do
    if [ -d "$root/$folder" ]; then
      find "$root/$folder" -type f \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.hpp' \) ! -name '*.mod.c'
    fi
  done | LC_ALL=C sort
}

check_layering() {
  sources framework emulator guest | while read -r file; do
    awk -v file="${file#"$root"/}" -v layers="$root/framework/layers.txt" '
      BEGIN {
        while ((getline line < layers) > 0) {
          if (line !~ /^[a-z]+:/) continue
          room = line
          sub(/:.*$/, "", room)
          sub(/^[a-z]+: */, "", line)
          number = split(line, named, " ")
          for (i = 1; i <= number; ++i) {
            if (!(named[i] in known)) printf "framework/layers.txt: %s may not include %s, which is not on an earlier line\n", room, named[i]
            allowed[room, named[i]] = 1
          }
          known[room] = 1
        }
        split(file, part, "/")
        in_guest = part[1] == "guest"
        from = part[1] == "framework" ? part[2] : part[1]
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
        ours = folder in known
        if (!quoted && !ours) next
        if (name ~ /(^|\/)\.\.(\/|$)/) { complain("include \"" name "\" climbs out of its folder"); next }
        if (in_guest && (!ours || folder == "guest")) next
        if (!slash) { complain("include \"" name "\" does not name its folder"); next }
        if (!ours) { complain("include \"" name "\" is not in a room of framework/layers.txt"); next }
        if (!(from in known)) { complain("framework/" from " is not a room of framework/layers.txt"); next }
        if (folder != from && !((from, folder) in allowed))
          complain(from " may not include " folder " (framework/layers.txt)")
      }' "$file"
  done
}

check_length() {
  sources framework emulator guest library | while read -r file; do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt "$max_lines" ]; then
      echo "${file#"$root"/}: $lines lines, more than $max_lines: split it"
    fi
  done
}

check_spdx() {
  sources framework emulator guest library tests benchmarks modules templates examples | while read -r file; do
    case "$(head -n 1 "$file")" in
      "// SPDX-License-Identifier: GPL-2.0"* | "/* SPDX-License-Identifier: GPL-2.0"*) ;;
      *) echo "${file#"$root"/}:1: the first line is not an SPDX-License-Identifier" ;;
    esac
  done
}

check_codes() {
  codes=$root/framework/base/error_code.hpp
  if [ ! -f "$codes" ]; then return; fi
  # Scripts refer to a code by its number. This prints numbers first, then the texts, then "Code::name" of the sources.
  {
    find "$root/tools" -name '*.sh' -exec grep -oh 'K0[0-9]\{3\}' {} + 2>/dev/null || true
    find "$root/errors" -name 'K*.md' 2>/dev/null | LC_ALL=C sort
    sources framework emulator library | grep -v "^$codes$" | xargs -r grep -oh 'Code::[a-z_0-9]*'
  } |
    awk -v codes="$codes" '
      /^K0/ { number_used[substr($0, 2) + 0] = 1; next }
      /\.md$/ { name = $0; gsub(/^.*\/K|\.md$/, "", name); text[name + 0] = 1; texts[++count] = name; next }
      { used[substr($0, 7)] = 1 }
      END {
        while ((getline line < codes) > 0) {
          if (line !~ /^  [a-z_0-9]+ = [0-9]+,/) continue
          name = number = line
          gsub(/^.* = |,.*$/, "", number)
          sub(/^ */, "", name)
          sub(/ .*$/, "", name)
          if (name == "none") continue
          known[number + 0] = 1
          if (!(number + 0 in text)) printf "framework/base/error_code.hpp: no errors/K%04d.md explains the code %s\n", number, name
          if (!(name in used) && !(number + 0 in number_used)) print "framework/base/error_code.hpp: no error has the code " name
        }
        for (i = 1; i <= count; ++i)
          if (!(texts[i] + 0 in known)) print "errors/K" texts[i] ".md: no code of framework/base/error_code.hpp has this number"
      }'
}

# files PATTERN...: lists the repository's files with such paths, tracked or new; without git, all except for build trees.
files() {
  # shellcheck disable=SC2094
  (
    cd "$root"
    if ! git ls-files --cached --others --exclude-standard 2>/dev/null; then
      find . -type f ! -path './build/*' ! -path './.git/*' | cut -c 3-
    fi
  ) | LC_ALL=C sort -u | while read -r file; do
    [ -f "$root/$file" ] || continue
    for pattern in "$@"; do
      # Unquoted, because it is a pattern.
      # shellcheck disable=SC2254
      case "$file" in $pattern) echo "$file"; break ;; esac
    done
  done
}

# prose FILE: prints its lines; Markdown without code blocks and `code`, which are not prose.
prose() {
  case "$1" in
    *.md) awk '/^ *```/ { fence = !fence; print ""; next } fence || /^    / { print ""; next } { gsub(/`[^`]*`/, "`…`"); print }' "$1" ;;
    *) cat "$1" ;;
  esac
}

# anchors FILE: prints the possible targets after # in a link, made of the headings as GitHub does.
anchors() {
  awk '/^ *```/ { fence = !fence; next }
       !fence && /^#+ / { sub(/^#+ +/, ""); $0 = tolower($0); gsub(/[^a-z0-9 _-]/, ""); gsub(/ /, "-"); print }' "$1"
}

check_links() {
  files '*.md' | while read -r file; do
    prose "$root/$file" |
      awk '{ while (match($0, /\]\([^)]*\)/)) { print FNR, substr($0, RSTART + 2, RLENGTH - 3); $0 = substr($0, RSTART + RLENGTH) } }' |
      while read -r line link; do
        case "$link" in [a-z]*:*) continue ;; esac
        path=${link%%#*}
        target=$file
        if [ -n "$path" ]; then target=$(dirname "$file")/$path; fi
        if [ ! -e "$root/$target" ]; then
          echo "$file:$line: the link '$link' leads nowhere"
        elif [ "$link" != "$path" ] && ! anchors "$root/$target" | grep -qxF -e "${link#*#}"; then
          echo "$file:$line: the link '$link' names a heading that is not there"
        fi
      done
  done
}

check_words() {
  words=$(dirname "$0")/words.txt
  lines=$(mktemp)
  places=$(mktemp)
  # shellcheck disable=SC2086
  (set -f; files $prose_files) | while read -r file; do
    case " $other_prose " in *" $file "*) continue ;; esac
    prose "$root/$file" | awk -v file="$file" -v places="$places" '{ print; print file ":" FNR >>places }'
  done >"$lines"
  tab=$(printf '\t')
  grep -v '^#' "$words" | while IFS=$tab read -r pattern instead; do
    LC_ALL=C.UTF-8 grep -inoP -e "$pattern" "$lines" | while IFS=: read -r number found; do
      echo "$(sed -n "${number}p" "$places"): '$found': write: $instead"
    done
  done | LC_ALL=C sort -t : -k 1,1 -k 2,2n
  rm -f "$lines" "$places"
}

case "$rule" in
  layering) violations=$(check_layering) ;;
  length) violations=$(check_length) ;;
  spdx) violations=$(check_spdx) ;;
  codes) violations=$(check_codes) ;;
  links) violations=$(check_links) ;;
  words) violations=$(check_words) ;;
  all) violations=$(check_layering && check_length && check_spdx && check_codes && check_links && check_words) ;;
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
