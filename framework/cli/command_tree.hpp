// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

/// The command line as data, for completions, manual pages and suggestions. It is read from CLI11's tree, so that each
/// of them knows a new option or subcommand automatically.
namespace kmodtest::cli {

/// The kind of an option's value, which decides what completes it. Follows from the name of the option's type ("FILE",
/// "KERNEL[,…]").
enum class ValueKind {
  none,     ///< a flag
  text,     ///< nothing is known of it
  choice,   ///< one of `choices`
  file,     ///< FILE
  folder,   ///< DIR, FOLDER
  input,    ///< PLAN|FOLDER|MODULE
  kernel,   ///< KERNEL: of the catalogue
  test_id,  ///< ID: of a case of the plans that are named
  code,     ///< CODE: of an error
};

struct OptionTree {
  std::vector<std::string> names;  ///< "-j", "--jobs"; of an argument its one name without dashes
  std::string type;                ///< "FILE", "N[,N…]"; empty for a flag
  std::string description;
  ValueKind kind = ValueKind::none;
  std::vector<std::string> choices;
  bool optional_value = false;  ///< --gdb, --gdb=attach: the value only behind a '='
  bool list = false;            ///< several values, with commas between them
  bool many = false;            ///< may come more than once
  bool required = false;
};

struct CommandTree {
  std::string name;  ///< "run"
  std::string summary;
  std::vector<OptionTree> options, arguments;
  std::vector<CommandTree> commands;
};

CommandTree tree_of(const CLI::App &app);

/// The app at the top.
const CLI::App &root_of(const CLI::App &app);

}  // namespace kmodtest::cli
