#compdef kmodtest
# SPDX-License-Identifier: GPL-2.0-or-later
# Completes the command line of kmodtest in zsh: in a folder of $fpath under the name _kmodtest, or by
# source <(kmodtest completions zsh)
#
# `kmodtest __complete -- WORD...` answers for the last word. Its first line has the kind of file names that zsh adds
# (words: none), a TAB, and the part of the word in front of the value ("--junit="). A candidate for the value follows on
# each further line, with a TAB and a description.

_kmodtest() {
  local program=${${(Q)words[1]}/#\~\//$HOME/} kind before line value ret=1
  local -a given answer candidates
  (( $+commands[$program] )) || [[ -x $program ]] || program=kmodtest
  (( CURRENT > 2 )) && given=("${(@Q)words[2,CURRENT-1]}")
  given+=("${(Q)PREFIX}")
  answer=("${(@f)$("$program" __complete -- "${(@)given}" 2>/dev/null)}")
  [[ -n $answer[1] ]] || return 1
  kind=${answer[1]%%$'\t'*}
  before=${answer[1]#*$'\t'}
  [[ -n $before ]] && compset -P "${(b)before}"

  # In the words of _describe, a colon begins the description.
  for line in "${(@)answer[2,-1]}"; do
    value=${line%%$'\t'*}
    value=${${value//\\/\\\\}//:/\\:}
    [[ $line == *$'\t'* ]] && value+=:${line#*$'\t'}
    candidates+=("$value")
  done
  (( $#candidates )) && _describe 'kmodtest' candidates && ret=0
  case $kind in
    files) _files && ret=0 ;;
    folders) _files -/ && ret=0 ;;
    plans) _files -g '*.(yaml|yml|ko)(-.)' && ret=0 ;;
  esac
  return ret
}

# Read from $fpath, this file is the function itself. Sourced, it registers the function.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _kmodtest "$@"
else
  compdef _kmodtest kmodtest
fi
