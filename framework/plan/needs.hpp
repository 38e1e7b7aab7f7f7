// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Ends the option of a need that is met by a kernel without it: "CONFIG_KASAN=n".
inline constexpr std::string_view kAbsent = "=n";

/// Reads the plan's `needs` key, in order, each need once. Reports words that do not name a feature of a kernel.
std::vector<Need> read_needs(MapReader &plan);

/// Adds a need unless it is there.
void add_need(Need need, std::vector<Need> &needs);

}  // namespace kmodtest::plan
