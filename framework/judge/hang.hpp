// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "judge/finding.hpp"
#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// Says in a finding what the guest hangs in, as far as the autopsy tells: who waits for what and for whom, or spins
/// where. A step that ran out of time because of a deadlock is Hung.
void explain_hang(const CaseView &view, Finding &finding);

/// A deadlock that no step waited for.
std::optional<Finding> find_deadlock(const CaseView &view);

}  // namespace kmodtest::judge
