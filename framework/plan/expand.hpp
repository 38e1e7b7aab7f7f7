// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>

#include "plan/diagnostics.hpp"
#include "plan/node.hpp"
#include "plan/plan.hpp"

namespace kmodtest::plan {

/// Returns the plan of the tree, with a case for each point of its matrix; nothing if there is any error.
std::optional<Plan> expand(const Node &root, const std::filesystem::path &file, const Overrides &overrides,
                           const Source &source, Problems &problems);

/// Returns "cpus=4 cpu=3"; values with spaces or brackets are quoted.
std::string point_text(const std::vector<std::pair<std::string, std::string>> &point);

}  // namespace kmodtest::plan
