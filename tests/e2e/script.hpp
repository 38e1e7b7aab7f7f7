// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

/// Scripts of tests/e2e that set machines up.
namespace kmodtest::e2e {

/// Runs a script of tests/e2e with these words. Returns what it said if it failed; else nothing.
std::string complaint_of_script(const std::string &words);

}  // namespace kmodtest::e2e
