// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "judge/evidence.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A part of a line around what is marked in it.
struct Excerpt {
  std::string line;
  std::size_t mark = 0;    ///< column where the mark begins, from 0
  std::size_t length = 1;  ///< columns of the mark
};

/// A printable line in `width` columns (0: in as many as it has) so that the mark is in it, with "…" where something is
/// left out.
Excerpt excerpt(std::string_view line, std::size_t mark, std::size_t length, std::size_t width);

/// The place in the plan, its line, and a caret below the word that is meant. `width` as for excerpt(), of the whole.
std::string plan_frame(const judge::Evidence &evidence, const Palette &palette, std::size_t width);

}  // namespace kmodtest::report
