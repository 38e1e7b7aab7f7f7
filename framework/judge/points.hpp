// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "judge/evidence.hpp"

namespace kmodtest::plan {
struct Case;
}

namespace kmodtest::judge {

struct Observations;

/// Returns the points of the steps that held, according to the verdict.
std::uint32_t points_of(const plan::Case &test_case, const Observations &seen, const Verdict &verdict);

}  // namespace kmodtest::judge
