// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace kmodtest::outcome {

/// Returns the folder name of a case whose CaseFinished::artifacts is empty: its id, in which everything except for
/// letters, digits, ".", "-", "_" and "=" is replaced.
std::string folder_name(const plan::Case &test_case);

}  // namespace kmodtest::outcome
