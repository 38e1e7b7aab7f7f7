# SPDX-License-Identifier: GPL-2.0-or-later
# Completes the command line of kmodtest in fish 3.1 or later: kmodtest completions fish | source
#
# `kmodtest __complete -- WORD...` answers for the last word. Its first line has the kind of file names that fish adds
# (words: none), a TAB, and the part of the word in front of the value ("--junit="). A candidate for the value follows on
# each further line, with a TAB and a description.

function __kmodtest_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    command -q -- $program; or set program kmodtest
    set -l raw (commandline -ct)
    set -l word (string unescape -- "$raw" 2>/dev/null)
    or set word (string replace -ra '[\'"]' '' -- "$raw") # a quote is still open

    set -l answer (command $program __complete -- $words "$word" 2>/dev/null)
    set -q answer[1]; or return
    set -l head (string split -m 1 \t -- $answer[1])
    set -e answer[1]
    for line in $answer
        printf '%s%s\n' "$head[2]" "$line"
    end

    # fish itself completes the arguments of an unknown command with file names.
    contains -- $head[1] files folders plans; or return
    set -l value (string sub -s (math 1 + (string length -- "$head[2]")) -- "$raw")
    for line in (complete -C "__kmodtest_unknown $value")
        switch $head[1]
            case folders
                string match -qr '^[^\t]*/(\t|$)' -- $line; or continue
            case plans
                string match -qr '^[^\t]*(/|\.ya?ml|\.ko)(\t|$)' -- $line; or continue
        end
        printf '%s%s\n' "$head[2]" "$line"
    end
end

complete -c kmodtest -e
complete -c kmodtest -f -a '(__kmodtest_complete)'
