// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "plan/module_lookup.hpp"
#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Reads the keys `files` and `firmware` of a plan. Reports files that do not exist, that the plan cannot name, and
/// places of the guest that a file cannot have.
std::vector<FileSource> read_files(const Node &plan, const Places &places, Scope &scope);

/// Reads the key `packages` of a plan. Reports what cannot be the name of a package.
std::vector<std::string> read_packages(MapReader &plan);

}  // namespace kmodtest::plan
