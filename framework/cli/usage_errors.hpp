// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <CLI/CLI.hpp>

#include "base/error.hpp"

namespace kmodtest::cli {

/// What CLI11 found wrong with the command line, as an error of ours: with a code, and with a suggestion where an
/// option or a word is known that looks like what was written. `app` is the one that parsed.
base::UsageError usage_error(const CLI::App &app, const CLI::ParseError &error);

}  // namespace kmodtest::cli
