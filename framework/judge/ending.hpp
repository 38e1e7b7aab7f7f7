// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "judge/finding.hpp"
#include "judge/observations.hpp"
#include "judge/step_view.hpp"

/// Judges the way in which a case ended.
namespace kmodtest::judge {

/// Returns the finding for the ending itself, apart from reports and steps; nothing if the guest executed its whole
/// program. `has_report`: a report says more than the end of the guest. `all_steps_seen`: the end of each step was
/// reported, or one did not hold.
std::optional<Finding> check_ending(const CaseView &view, bool has_report, bool all_steps_seen);

/// Returns the verdict for a guest that never sent a message: whatever its kernel printed, no module under test was
/// there to cause it.
Verdict never_ready(const Observations &seen);

}  // namespace kmodtest::judge
