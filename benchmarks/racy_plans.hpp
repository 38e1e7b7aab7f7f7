// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "bench.hpp"

namespace kmodtest::bench {

/// Returns the plans of modules with a race, or those of their repaired twins, in order of their names.
std::vector<std::filesystem::path> racy_plans(const Bench &bench, bool repaired = false);

}  // namespace kmodtest::bench
