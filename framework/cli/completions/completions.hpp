// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "cli/command_tree.hpp"

/// Scripts by which shells complete kmodtest's command line. They are static text; names of kernels and cases are asked
/// of kmodtest itself when they are needed.
namespace kmodtest::cli {

std::string bash_completion(const CommandTree &tree);
std::string zsh_completion(const CommandTree &tree);
std::string fish_completion(const CommandTree &tree);

/// The text in single quotes for a shell.
std::string single_quoted(std::string_view text);

/// "K0101 K0102 …"
std::string error_codes();

}  // namespace kmodtest::cli
