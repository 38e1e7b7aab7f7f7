// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::run {

/// Returns what a case's schedule did, in about 30 lines: which thread waited before which source line, and what the
/// others executed meanwhile. Empty if the case had no schedule.
std::vector<std::string> explain(const outcome::CaseFinished &finished);

}  // namespace kmodtest::run
