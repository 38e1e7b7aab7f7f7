// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::judge {

enum class Outcome { passed, failed, crashed, hung, leaked, errored, skipped };

/// "passed", "failed"…
const char *outcome_name(Outcome outcome);
/// "Passed", "Failed"…
std::string outcome_word(Outcome outcome);

}  // namespace kmodtest::judge
