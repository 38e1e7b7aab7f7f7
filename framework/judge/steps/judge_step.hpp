// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>

#include "judge/finding.hpp"
#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// Combines the judge's reading of a guest step with the agent's result: nothing if both find that it held.
std::optional<Finding> judge_guest_step(const CaseView &view, std::size_t case_index);
std::optional<Finding> judge_modinfo_step(const CaseView &view, std::size_t case_index);

}  // namespace kmodtest::judge
