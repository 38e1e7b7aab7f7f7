// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Printable lines with colours (ECMA-48 SGR) in them, which take no columns.
namespace kmodtest::report {

/// The words that begin the lines of the console ("Passed", "Running") end in this column.
inline constexpr std::size_t kWordWidth = 10;

/// The line in at most `width` columns; where something is left out it ends in "…", and no colour goes on behind it.
std::string cut_painted(std::string_view line, std::size_t width);

/// The line broken at blanks, so that none of its parts is wider than `width` (0: it stays as it is) as long as it has
/// a blank; all but the first begin with `indent` blanks.
std::string wrap_painted(std::string_view line, std::size_t width, std::size_t indent);

}  // namespace kmodtest::report
