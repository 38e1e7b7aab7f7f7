// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "judge/finding.hpp"

namespace kmodtest::judge {

/// Returns true if a log is a flood after so many lines that were left out, and so many that were overwritten before
/// they were read.
bool is_flood(std::uint64_t left_out, std::uint64_t lost);

/// Returns true if a case that has printed so much can be ended: nothing but more of it follows.
bool is_drowned(std::uint64_t left_out, std::uint64_t lost);

/// Returns the finding for a kernel log with more lines than are kept. What was printed among the others is not known.
std::optional<Finding> check_flood(const CaseView &view);

}  // namespace kmodtest::judge
