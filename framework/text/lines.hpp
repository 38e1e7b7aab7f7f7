// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::text {

/// Returns the lines of a text without their ends; a last empty line is dropped.
std::vector<std::string> lines_of(std::string_view text);

}  // namespace kmodtest::text
