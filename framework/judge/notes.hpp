// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// Returns what a reader should know about a case, whatever its outcome: calls that were slow, unloads and repeats that
/// no plan asks for and that were left out, or how often a module was loaded without a plan.
std::vector<std::string> notes_of(const CaseView &view);

}  // namespace kmodtest::judge
