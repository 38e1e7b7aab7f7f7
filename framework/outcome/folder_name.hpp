// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace kmodtest::outcome {

/// The name of the folder of a case whose CaseFinished::artifacts names none: its id with everything but letters,
/// digits, ".", "-", "_" and "=" replaced.
std::string folder_name(const plan::Case &test_case);

}  // namespace kmodtest::outcome
