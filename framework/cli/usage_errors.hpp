// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <CLI/CLI.hpp>

#include "base/error.hpp"

namespace kmodtest::cli {

/// Converts an error of CLI11 into one with a code. It has a suggestion when an option or a word is similar to what was
/// typed. `app` is the one that parsed the command line.
base::UsageError usage_error(const CLI::App &app, const CLI::ParseError &error);

}  // namespace kmodtest::cli
