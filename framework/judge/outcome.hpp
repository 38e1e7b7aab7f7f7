// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::judge {

enum class Outcome { passed, failed, crashed, hung, leaked, errored, skipped };

/// Returns "passed", "failed"…
const char *outcome_name(Outcome outcome);
/// Returns "Passed", "Failed"…
std::string outcome_word(Outcome outcome);

}  // namespace kmodtest::judge
