// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <map>
#include <vector>

#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

namespace {

// Needs nothing but bash 4. Words are put together again where bash splits them at '=' (COMP_WORDBREAKS), and what is
// offered is cut where it split: it replaces only the part behind.
constexpr const char *kFunctions = R"script(
# _kmodtest_offer KIND: candidates for $_kmodtest_word into _kmodtest_found.
_kmodtest_offer() {
  local line
  case $1 in
    file) compopt -o filenames 2>/dev/null; mapfile -t _kmodtest_found < <(compgen -f -- "$_kmodtest_word") ;;
    folder) compopt -o filenames 2>/dev/null; mapfile -t _kmodtest_found < <(compgen -d -- "$_kmodtest_word") ;;
    input)
      compopt -o filenames 2>/dev/null
      _kmodtest_found=()
      while IFS= read -r line; do
        if [[ -d $line || $line == *.yaml || $line == *.yml || $line == *.ko ]]; then _kmodtest_found+=("$line"); fi
      done < <(compgen -f -- "$_kmodtest_word")
      ;;
    kernel)
      mapfile -t _kmodtest_found < <(compgen -W "$(kmodtest kernels list 2>/dev/null | while read -r line _; do
        printf '%s ' "$line"; done) host" -- "$_kmodtest_word")
      if [[ $_kmodtest_word == */* ]]; then _kmodtest_offer file; fi
      ;;
    test_id)
      _kmodtest_found=()
      if [[ ${#_kmodtest_inputs[@]} -eq 0 ]]; then return; fi
      while IFS= read -r line; do
        if [[ $line == "$_kmodtest_word"* ]]; then _kmodtest_found+=("$line"); fi
      done < <(kmodtest list "${_kmodtest_inputs[@]}" 2>/dev/null)
      ;;
    words:*) mapfile -t _kmodtest_found < <(compgen -W "${1#words:}" -- "$_kmodtest_word") ;;
  esac
}

# _kmodtest_unquoted WORD: what the shell would make of a word that is not complete.
_kmodtest_unquoted() {
  local word=$1
  case $word in
    \'*) printf '%s' "${word#\'}" ;;
    \"*) printf '%s' "${word#\"}" ;;
    *) printf '%s' "${word//\\/}" ;;
  esac
}

_kmodtest() {
  local _kmodtest_word _kmodtest_kind _kmodtest_command='' _kmodtest_quote=''
  local -a words=() _kmodtest_found=() _kmodtest_inputs=()
  local i word raw value option prefix='' before
  COMPREPLY=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ($word == = || ${COMP_WORDS[i - 1]} == =) && ${words[-1]} != '' ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  raw=${words[-1]}
  unset 'words[-1]'
  case $raw in \'* | \"*) _kmodtest_quote=${raw:0:1} ;; esac

  # What stands before: the command, an option that waits for its value, the plans.
  option=''
  for word in "${words[@]}"; do
    if [[ $option != '' ]]; then
      option=''
    elif [[ $word == -* ]]; then
      _kmodtest_value_of "$_kmodtest_command" "$word"
      if [[ $_kmodtest_kind != '' && $word != *=* ]]; then option=$word; fi
    elif _kmodtest_is_command "$_kmodtest_command" "$word"; then
      _kmodtest_command=${_kmodtest_command:+$_kmodtest_command }$word
    else
      _kmodtest_inputs+=("$(_kmodtest_unquoted "$word")")
    fi
  done

  value=$raw
  if [[ $option == '' && $raw == --*=* ]]; then
    option=${raw%%=*}
    value=${raw#*=}
    prefix=$option=
  fi
  if [[ $option != '' ]]; then
    _kmodtest_value_of "$_kmodtest_command" "$option"
    if [[ $prefix != '' && $_kmodtest_kind == '' ]]; then _kmodtest_optional_value_of "$_kmodtest_command" "$option"; fi
    _kmodtest_word=$(_kmodtest_unquoted "$value")
    before=''
    if [[ $_kmodtest_kind == list:* ]]; then
      _kmodtest_kind=${_kmodtest_kind#list:}
      if [[ $_kmodtest_word == *,* ]]; then before=${_kmodtest_word%,*},; fi
      _kmodtest_word=${_kmodtest_word##*,}
    fi
    _kmodtest_offer "$_kmodtest_kind"
    for ((i = 0; i < ${#_kmodtest_found[@]}; i++)); do _kmodtest_found[i]=$prefix$before${_kmodtest_found[i]}; done
  else
    _kmodtest_word=$(_kmodtest_unquoted "$raw")
    _kmodtest_arguments_of "$_kmodtest_command"
    if [[ $raw == -* ]]; then
      _kmodtest_options_of "$_kmodtest_command"
      _kmodtest_kind=words:$_kmodtest_kind
    fi
    _kmodtest_offer "$_kmodtest_kind"
  fi

  # Ids of cases have blanks and brackets; names of files are quoted by bash itself.
  for word in "${_kmodtest_found[@]}"; do
    if [[ $_kmodtest_quote == '' && $_kmodtest_kind == test_id ]]; then printf -v word '%s%q' "$prefix" "${word#"$prefix"}"; fi
    if [[ $_kmodtest_quote == '' && $COMP_WORDBREAKS == *=* && $raw == *=* ]]; then
      printf -v before '%s' "${raw%=*}="
      word=${word#"$before"}
    fi
    COMPREPLY+=("$word")
  done
}

complete -F _kmodtest kmodtest
)script";

std::string words_of(const std::vector<std::string> &words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::string kind_name(const OptionTree &option) {
  switch (option.kind) {
    case ValueKind::none:
      return "";
    case ValueKind::choice:
      return "words:" + words_of(option.choices);
    case ValueKind::file:
      return "file";
    case ValueKind::folder:
      return "folder";
    case ValueKind::input:
      return "input";
    case ValueKind::kernel:
      return "kernel";
    case ValueKind::test_id:
      return "test_id";
    case ValueKind::code:
      return "words:" + error_codes();
    case ValueKind::text:
      break;
  }
  return "text";
}

/// What is known of the options, by the pattern of a `case`: 'run --junit'.
struct Tables {
  std::map<std::string, std::vector<std::string>> values, optional_values;  ///< kind → patterns
  std::vector<std::string> commands;                                        ///< 'kernels list'
  std::map<std::string, std::string> options, arguments;                    ///< of a command
};

void collect(const CommandTree &tree, const std::string &path, Tables &tables) {
  std::vector<std::string> names, words;
  for (const OptionTree &option : tree.options) {
    for (const std::string &name : option.names) {
      names.push_back(name);
      if (option.kind == ValueKind::none) continue;
      auto &table = option.optional_value ? tables.optional_values : tables.values;
      table[(option.list ? "list:" : "") + kind_name(option)].push_back(single_quoted(path + " " + name));
    }
  }
  tables.options[path] = words_of(names);
  for (const CommandTree &command : tree.commands) {
    words.push_back(command.name);
    const std::string below = path.empty() ? command.name : path + " " + command.name;
    tables.commands.push_back(single_quoted(path + " " + command.name));
    collect(command, below, tables);
  }
  if (!words.empty()) tables.arguments[path] = "words:" + words_of(words);
  if (!tree.arguments.empty()) tables.arguments[path] = kind_name(tree.arguments.front());
}

std::string lookup(const char *function, const std::map<std::string, std::vector<std::string>> &table) {
  std::string text = fmt::format("\n{}() {{\n  case \"$1 $2\" in\n", function);
  for (const auto &[kind, patterns] : table)
    text += fmt::format("    {})\n      _kmodtest_kind={} ;;\n", fmt::join(patterns, " | "), single_quoted(kind));
  return text + "    *) _kmodtest_kind='' ;;\n  esac\n}\n";
}

std::string lookup(const char *function, const std::map<std::string, std::string> &table) {
  std::string text = fmt::format("\n{}() {{\n  case $1 in\n", function);
  for (const auto &[path, words] : table)
    text += fmt::format("    {}) _kmodtest_kind={} ;;\n", single_quoted(path), single_quoted(words));
  return text + "    *) _kmodtest_kind='' ;;\n  esac\n}\n";
}

}  // namespace

std::string bash_completion(const CommandTree &tree) {
  Tables tables;
  collect(tree, "", tables);
  std::string text = "# Completion of kmodtest for bash, made by `kmodtest completions bash`.\n";
  text += lookup("_kmodtest_value_of", tables.values) + lookup("_kmodtest_optional_value_of", tables.optional_values);
  text += lookup("_kmodtest_options_of", tables.options) + lookup("_kmodtest_arguments_of", tables.arguments);
  text += fmt::format("\n_kmodtest_is_command() {{\n  case \"$1 $2\" in\n    {}) return 0 ;;\n  esac\n  return 1\n}}\n",
                      fmt::join(tables.commands, " | "));
  return text + kFunctions;
}

}  // namespace kmodtest::cli
