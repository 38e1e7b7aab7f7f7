// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// How a case compares to the runs before.
enum class Trend { newly_failing, newly_passing, flaky, slower };

/// Every one, in the order in which a report tells them.
inline constexpr auto kTrends = {Trend::newly_failing, Trend::newly_passing, Trend::flaky, Trend::slower};

/// "newly failing", "flaky"…
const char *trend_name(Trend trend);

/// What of that is true; nothing for a case that was skipped or that no earlier run knows.
///
/// Newly failing or passing: other than the last run. Flaky: it took a retry now, or passing and not passing took turns
/// at least twice in the last runs and this one. Slower: it passed and took more than the median of at least
/// kEnoughRuns runs by half of that, by three times what they scatter (median absolute deviation, as a standard
/// deviation), and by 0.2 s: wall time on a busy machine is worth no more.
std::vector<Trend> trends_of(const CaseFinished &finished);
inline constexpr std::size_t kEnoughRuns = 4;

/// Wall time as the history has it: without building, which the first run alone does.
Seconds comparable_time(const CaseFinished &finished);

}  // namespace kmodtest::outcome
