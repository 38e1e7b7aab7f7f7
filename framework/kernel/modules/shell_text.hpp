// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The part of the shell's language that can be understood without running anything.
namespace kmodtest::kernel {

/// A value that the shell would compute; nothing if only a shell can tell (it runs a command).
using ShellValue = std::optional<std::string>;

/// Returns the value of a variable, "NAME" or "NAME[0]".
using ShellLookup = std::function<ShellValue(const std::string &name)>;

/// Returns a text with its variables filled in and its quotes kept. Understands $NAME, ${NAME}, ${NAME[0]},
/// ${NAME:-word} and $((NAME+1)). Nothing in single quotes is filled in.
ShellValue filled_in(std::string_view text, const ShellLookup &lookup);

/// Returns a text without its quotes and backslashes, as the shell would take it as one word.
std::string unquoted(std::string_view text);

/// One command of a list such as "make a && make b; make c".
struct ShellCommand {
  std::map<std::string, std::string> environment;  ///< "KDIR=x make" sets KDIR
  std::vector<std::string> words;
  bool after_success = false;  ///< it follows "&&"
  bool plain = true;           ///< false: a pipe, a redirection, a glob or another thing that only a shell can do
};

/// Splits a list of commands, whose variables are filled in, at "&&", ";" and the ends of lines.
std::vector<ShellCommand> shell_commands(std::string_view text);

}  // namespace kmodtest::kernel
