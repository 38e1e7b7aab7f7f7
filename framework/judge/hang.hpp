// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "judge/finding.hpp"
#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// Adds to a finding why the guest hangs, as far as the autopsy shows it: which task waits for what and for whom, or
/// spins where. A step that ran out of time because of a deadlock becomes Hung.
void explain_hang(const CaseView &view, Finding &finding);

/// Adds to a crash that names no module, in a task that worked for one (kthreadd makes all threads), where the module's
/// own task waits.
void explain_crash_elsewhere(const CaseView &view, Finding &finding);

/// Finds a deadlock that no step waited for.
std::optional<Finding> find_deadlock(const CaseView &view);

}  // namespace kmodtest::judge
