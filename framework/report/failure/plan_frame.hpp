// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "judge/evidence.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A part of a line around the mark in it.
struct Excerpt {
  std::string line;
  std::size_t mark = 0;    ///< column where the mark begins, from 0
  std::size_t length = 1;  ///< columns of the mark
};

/// Fits a printable line into `width` columns (0: no limit) so that it contains the mark, with "…" for text that is
/// left out.
Excerpt excerpt(std::string_view line, std::size_t mark, std::size_t length, std::size_t width);

/// Returns the place in the plan, its line, and a caret below the word that is meant. `width` is that of excerpt(), for
/// the whole line.
std::string plan_frame(const judge::Evidence &evidence, const Palette &palette, std::size_t width);

}  // namespace kmodtest::report
