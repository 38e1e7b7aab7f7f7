// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <vector>

#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

namespace {

constexpr const char *kFunctions = R"script(
# The commands on the line, such as "kernels fetch", are those that are given.
function __kmodtest_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l path
    for word in $words
        string match -q -- '-*' $word; and continue
        __kmodtest_is_command "$path $word"; or break
        set path (string trim "$path $word")
    end
    test "$path" = "$argv"
end

function __kmodtest_kernels
    kmodtest kernels list 2>/dev/null | string replace -r ' .*' ''
    echo host
end

# Cases of the plans on the line.
function __kmodtest_test_ids
    set -l plans
    for word in (commandline -opc)
        test -e "$word"; and set -a plans $word
    end
    test (count $plans) -gt 0; and kmodtest list $plans 2>/dev/null
end

function __kmodtest_inputs
    __fish_complete_suffix .yaml
    __fish_complete_suffix .ko
end

complete -c kmodtest -f
)script";

/// Fish has its own rules: only a backslash and the quote itself are special.
std::string in_fish_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// What may stand behind an option, or in an argument's place.
std::string value_of(const OptionTree &option, bool argument) {
  const std::string own = argument ? "" : " -x";
  switch (option.kind) {
    case ValueKind::none:
      return "";
    case ValueKind::choice:
      return fmt::format("{} -a {}", option.optional_value ? "" : own,
                         in_fish_quotes(fmt::format("{}", fmt::join(option.choices, " "))));
    case ValueKind::file:
      return argument ? " -F" : " -r -F";
    case ValueKind::folder:
      return own + " -a '(__fish_complete_directories)'";
    case ValueKind::input:
      return own + " -a '(__kmodtest_inputs)'";
    case ValueKind::kernel:
      return argument ? " -a '(__kmodtest_kernels)'" : " -r -F -a '(__kmodtest_kernels)'";
    case ValueKind::test_id:
      return own + " -a '(__kmodtest_test_ids)'";
    case ValueKind::code:
      return fmt::format("{} -a '{}'", own, error_codes());
    case ValueKind::text:
      break;
  }
  return own;
}

void add(std::string &text, const CommandTree &tree, const std::string &path) {
  const std::string here = fmt::format("complete -c kmodtest -n {}", in_fish_quotes("__kmodtest_at " + path));
  for (const CommandTree &command : tree.commands)
    text += fmt::format("{} -a {} -d {}\n", here, command.name, in_fish_quotes(command.summary));
  for (const OptionTree &argument : tree.arguments) text += here + value_of(argument, true) + "\n";
  for (const OptionTree &option : tree.options) {
    text += here;
    for (const std::string &name : option.names)
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    text += fmt::format("{} -d {}\n", value_of(option, false), in_fish_quotes(option.description));
  }
  for (const CommandTree &command : tree.commands)
    add(text, command, path.empty() ? command.name : path + " " + command.name);
}

void collect(const CommandTree &tree, const std::string &path, std::vector<std::string> &patterns) {
  for (const CommandTree &command : tree.commands) {
    patterns.push_back(in_fish_quotes(path + " " + command.name));
    collect(command, path.empty() ? command.name : path + " " + command.name, patterns);
  }
}

}  // namespace

std::string fish_completion(const CommandTree &tree) {
  std::vector<std::string> commands;
  collect(tree, "", commands);
  std::string text = "# Completion of kmodtest for fish, made by `kmodtest completions fish`.\n";
  text += fmt::format("\nfunction __kmodtest_is_command\n    contains -- $argv[1] {}\nend\n", fmt::join(commands, " "));
  text += kFunctions;
  add(text, tree, "");
  return text;
}

}  // namespace kmodtest::cli
