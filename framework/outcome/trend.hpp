// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// How a case compares to earlier runs.
enum class Trend { newly_failing, newly_passing, flaky, slower };

/// All trends, in the order in which the outputs list them.
inline constexpr auto kTrends = {Trend::newly_failing, Trend::newly_passing, Trend::flaky, Trend::slower};

/// Returns the name of a trend: "newly failing", "flaky"…
const char *trend_name(Trend trend);

/// Returns the trends that apply; none for a case that was skipped or that is not in the history.
///
/// Newly failing or passing: the last run had the opposite result. Flaky: it took a retry now, or the last runs and
/// this one changed between passing and not passing at least twice. Slower: it passed, and took longer than the median
/// of at least kEnoughRuns runs by half of that median, by three times their scatter (median absolute deviation, scaled
/// to a standard deviation), and by 0.2 s: wall time on a busy machine is not more exact than that.
std::vector<Trend> trends_of(const CaseFinished &finished);
inline constexpr std::size_t kEnoughRuns = 4;

/// Returns the wall time as the history keeps it: without building, which only the first run does.
Seconds comparable_time(const CaseFinished &finished);

}  // namespace kmodtest::outcome
