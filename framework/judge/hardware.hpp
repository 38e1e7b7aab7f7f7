// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// Returns the reason for which a case was not run if a module of the kernel that the modules under test need found
/// none of its hardware in the guest.
std::optional<std::string> lacking_hardware(const CaseView &view);

}  // namespace kmodtest::judge
