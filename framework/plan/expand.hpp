// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "plan/diagnostics.hpp"
#include "plan/node.hpp"
#include "plan/plan.hpp"

namespace kmodtest::plan {

/// Returns the plan of the tree, with a case for each point of its matrix; nothing if there is any error.
std::optional<Plan> expand(const Node &root, const std::filesystem::path &file, const Overrides &overrides,
                           const Source &source, Problems &problems);

/// Returns "cpus=4 cpu=3"; values with spaces or brackets are quoted.
std::string point_text(const std::vector<std::pair<std::string, std::string>> &point);

/// Returns the kernels that a name in a plan or after --kernel stands for: `all` and patterns with '*', '?' or '['
/// those of the catalogue that match, anything else (and a pattern that matches none) itself.
std::vector<std::string> kernels_meant(const std::string &name, const std::vector<std::string> &catalogue);

}  // namespace kmodtest::plan
