// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/program.hpp"
#include "wire/records.hpp"

namespace kmodtest::judge {

/// How well a text is found within another: the fewest edits that turn `pattern` into a part of `text`.
struct Alignment {
  std::size_t edits = 0;
  std::string marks;  ///< as long as `text`: '^' under each character that differs (or where one is missing), else ' '
};
Alignment align(std::string_view pattern, std::string_view text);

/// The line closest to the pattern as dmesg prints it, and for a literal a line of marks under it. Empty when no line
/// is near enough to be meant (more than half of the pattern's characters differ).
std::string nearest_line(const wire::Pattern &pattern, const std::vector<wire::KernelLogLine> &lines);

}  // namespace kmodtest::judge
