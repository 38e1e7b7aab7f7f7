// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/program.hpp"
#include "wire/records.hpp"

namespace kmodtest::judge {

/// The best match of a text within another: the fewest edits that turn `pattern` into a part of `text`.
struct Alignment {
  std::size_t edits = 0;
  /// as long as `text`: '^' under each character that differs (or before which one is missing), else ' '
  std::string marks;
};
Alignment align(std::string_view pattern, std::string_view text);

/// Returns the line closest to the pattern as dmesg prints it, and for a literal a line of marks under it. Empty if no
/// line is similar enough (more than half of the pattern's characters differ).
std::string nearest_line(const wire::Pattern &pattern, const std::vector<wire::KernelLogLine> &lines);

}  // namespace kmodtest::judge
