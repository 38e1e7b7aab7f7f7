// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "judge/finding.hpp"

namespace kmodtest::judge {

/// A case that has printed so many lines, and more than are kept, can be ended: nothing but more of them follows.
inline constexpr std::uint64_t kDrowning = 300'000;

/// Returns the finding for a kernel log with more lines than are kept. What was printed among the others is not known.
std::optional<Finding> check_flood(const CaseView &view);

}  // namespace kmodtest::judge
