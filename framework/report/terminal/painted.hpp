// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Printable lines with colours (ECMA-48 SGR) in them, which take no columns.
namespace kmodtest::report {

/// The words that begin the lines of the console ("Passed", "Running") end in this column.
inline constexpr std::size_t kWordWidth = 10;

/// Cuts the line to `width` columns; a cut line ends in "…", and no colour extends beyond it.
std::string cut_painted(std::string_view line, std::size_t width);

/// Breaks the line at blanks into parts of at most `width` columns (0: does not break it); a part without a blank can
/// be wider. All parts except for the first begin with `indent` blanks.
std::string wrap_painted(std::string_view line, std::size_t width, std::size_t indent);

}  // namespace kmodtest::report
