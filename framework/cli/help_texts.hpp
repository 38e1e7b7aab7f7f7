// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "cli/manual.hpp"

/// The prose of the manual pages and of --help: the files of cli/help/, which the build embeds.
namespace kmodtest::cli {

/// Returns what a command's page says beyond its summary, one paragraph per line; of the program itself for "". Throws
/// std::logic_error when help/ has no file for the command.
std::string help_text(const std::string &command);

/// Returns what `kmodtest --help` ends with.
std::string help_footer();

/// Returns the sections that all pages share.
ManualTables manual_tables();

}  // namespace kmodtest::cli
