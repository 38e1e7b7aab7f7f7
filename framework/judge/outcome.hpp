// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kmodtest::judge {

enum class Outcome { passed, failed, crashed, hung, leaked, errored, skipped };

/// Returns "passed", "failed"…
const char *outcome_name(Outcome outcome);
/// Returns the outcome of a name; nothing for any other text.
std::optional<Outcome> outcome_named(std::string_view name);
/// Returns "Passed", "Failed"…
std::string outcome_word(Outcome outcome);

}  // namespace kmodtest::judge
