// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <vector>

#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

namespace {

constexpr const char *kFunctions = R"script(
__kmodtest_kernel_names() {
  local -a kernels
  kernels=(${${(f)"$(_call_program kernels kmodtest kernels list 2>/dev/null)"}%% *} host)
  _alternative "kernels:kernel:($kernels)" 'files:image:_files'
}

__kmodtest_input_files() {
  _files -g '*.(yaml|yml|ko)(-.)'
}

# Cases of the plans that stand on the line.
__kmodtest_case_ids() {
  local -a plans cases
  plans=(${^${(Q)words[2,-1]}}(N))
  (( $#plans )) || return 1
  cases=(${(f)"$(_call_program cases kmodtest list ${(q)plans} 2>/dev/null)"})
  compadd -a cases
}
)script";

/// Colons and brackets mean something to _arguments.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string action_of(const OptionTree &option) {
  const auto several = [&](const std::string &action) { return option.list ? "_sequence " + action : action; };
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format("({})", fmt::join(option.choices, " "));
    case ValueKind::file:
      return "_files";
    case ValueKind::folder:
      return "_files -/";
    case ValueKind::input:
      return "__kmodtest_input_files";
    case ValueKind::kernel:
      return several("__kmodtest_kernel_names");
    case ValueKind::test_id:
      return "__kmodtest_case_ids";
    case ValueKind::code:
      return fmt::format("({})", error_codes());
    case ValueKind::none:
    case ValueKind::text:
      break;
  }
  return " ";
}

/// "'*--junit=[write a JUnit XML report]:FILE:_files'"
std::string spec_of(const OptionTree &option) {
  std::string value;
  const char *sign = "";
  if (option.kind != ValueKind::none) {
    value = fmt::format("{}{}:{}", option.optional_value ? "::" : ":", escaped(option.type), action_of(option));
    sign = option.optional_value ? "=-" : "=";
  }
  std::string text;
  for (const std::string &name : option.names) {
    const bool is_long = name.starts_with("--");
    std::string spec = option.many ? "*" : fmt::format("({})", fmt::join(option.names, " "));
    spec += name + (is_long ? sign : option.kind == ValueKind::none ? "" : "+");
    spec += fmt::format("[{}]{}", escaped(option.description), value);
    text += fmt::format(" \\\n        {}", single_quoted(spec));
  }
  return text;
}

std::string arguments_of(const CommandTree &tree) {
  std::string text = "_arguments -s -S";
  for (const OptionTree &option : tree.options) text += spec_of(option);
  for (const OptionTree &argument : tree.arguments) {
    text += fmt::format(" \\\n        {}",
                        single_quoted(fmt::format("{}:{}:{}", argument.many ? "*" : "", escaped(argument.names.front()),
                                                  action_of(argument))));
  }
  return text;
}

std::string function_name(const std::string &path) {
  std::string name = "_kmodtest";
  for (const char c : path) name += c == ' ' || c == '-' ? '_' : c;
  return name;
}

/// A function for a command and each one below it; `path` is " kernels list".
std::string functions_of(const CommandTree &tree, const std::string &path) {
  std::string below;
  for (const CommandTree &command : tree.commands) below += functions_of(command, path + " " + command.name);
  std::string text = fmt::format("\n{}() {{\n", function_name(path));
  if (tree.commands.empty()) return text + fmt::format("  {}\n}}\n", arguments_of(tree));
  text += "  local curcontext=$curcontext state line\n  local -a commands\n  commands=(\n";
  for (const CommandTree &command : tree.commands)
    text += fmt::format("    {}\n", single_quoted(escaped(command.name) + ":" + command.summary));
  text += "  )\n  _arguments -C";
  for (const OptionTree &option : tree.options) text += spec_of(option);
  text += " \\\n        '1:command:->command' '*::argument:->argument'\n  case $state in\n";
  text += "    command) _describe command commands ;;\n    argument)\n      case $line[1] in\n";
  for (const CommandTree &command : tree.commands)
    text += fmt::format("        {}) {} ;;\n", command.name, function_name(path + " " + command.name));
  return below + text + "      esac\n      ;;\n  esac\n}\n";
}

}  // namespace

std::string zsh_completion(const CommandTree &tree) {
  std::string text = "#compdef kmodtest\n# Completion of kmodtest for zsh, made by `kmodtest completions zsh`.\n";
  text += kFunctions;
  text += functions_of(tree, "");
  // Read from $fpath, the file is the function; sourced, it announces it.
  return text +
         "\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _kmodtest \"$@\"\nelse\n"
         "  compdef _kmodtest kmodtest\nfi\n";
}

}  // namespace kmodtest::cli
