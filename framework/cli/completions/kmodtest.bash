# SPDX-License-Identifier: GPL-2.0-or-later
# Completes the command line of kmodtest in bash 4.3 or later: source <(kmodtest completions bash)
#
# `kmodtest __complete -- WORD...` answers for the last word. Its first line has the kind of file names that bash adds
# (words: none), a TAB, and the part of the word in front of the value ("--junit="). A candidate for the value follows on
# each further line, with a TAB and a description, which bash does not show.

_kmodtest() {
  local program piece='' text raw='' before kind value line quote i
  local -a words=() answer=() found=()
  COMPREPLY=()

  # bash splits words at '=' and ':' (COMP_WORDBREAKS). Join them, and remove quotes, of which the last can be missing.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    case $piece in
      \'*) text=${piece#\'} text=${text%\'} ;;
      \"*) text=${piece#\"} text=${text%\"} ;;
      *) text=${piece//\\/} ;;
    esac
    if [[ $raw != '' && ($piece == [=:] || ${COMP_WORDS[i - 1]} == [=:]) ]]; then
      words[${#words[@]} - 1]+=$text
      raw+=$piece
    else
      words+=("$text")
      raw=$piece
    fi
  done
  case $piece in
    [=:]) piece='' quote='' ;;
    [\'\"]*) quote=${piece:0:1} ;;
    *) quote='' ;;
  esac

  program=$(type -P -- "${COMP_WORDS[0]/#~\//$HOME/}") || program=kmodtest
  mapfile -t answer < <("$program" __complete -- "${words[@]}" 2>/dev/null)
  if [[ ${#answer[@]} -eq 0 ]]; then return; fi
  kind=${answer[0]%%$'\t'*}
  before=${answer[0]#*$'\t'}
  value=${words[${#words[@]} - 1]#"$before"}

  for line in "${answer[@]:1}"; do
    line=${line%%$'\t'*}
    if [[ $line != "$value"* ]]; then continue; fi
    # Ids of cases have blanks and brackets.
    if [[ $quote == '' && $line == *[!A-Za-z0-9_.,:/=+@%^-]* ]]; then printf -v line '%q' "$line"; fi
    found+=("$line")
  done
  if [[ $kind != words ]]; then compopt -o filenames 2>/dev/null; fi  # lets bash quote them
  case $kind in
    files) while IFS= read -r line; do found+=("$line"); done < <(compgen -f -- "$value") ;;
    folders) while IFS= read -r line; do found+=("$line"); done < <(compgen -d -- "$value") ;;
    plans)
      while IFS= read -r line; do
        if [[ -d $line || $line == *.yaml || $line == *.yml || $line == *.ko ]]; then found+=("$line"); fi
      done < <(compgen -f -- "$value")
      ;;
  esac

  # Only the part behind the last place where bash has split the word is replaced.
  raw=${raw%"$piece"}
  for line in "${found[@]}"; do
    line=$before$line
    COMPREPLY+=("${line#"$raw"}")
  done
}

complete -F _kmodtest kmodtest
