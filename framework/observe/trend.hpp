// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

/// Estimates whether a count that was taken repeatedly grows.
namespace kmodtest::observe {

/// A count after so many rounds.
struct CountAt {
  std::uint32_t rounds = 0;
  std::int64_t count = 0;
};

struct Trend {
  double slope = 0;  ///< per round
  double low = 0;    ///< the slope's 95% confidence interval
  double high = 0;
  std::uint32_t rounds = 0;  ///< from the first to the last count
  bool grows = false;  ///< the whole interval is above 0, and the count rose in most of the stretches between counts
};

/// Estimates the slope of a count whose level can drift, because the effect of a round stays. The best linear estimate
/// of such a slope by least squares is (last - first) / rounds. Each stretch between two counts is one measurement of
/// it, and Student's t gives the interval (the method of batch means). A count that jumps once or twice, such as a
/// cache that fills, differs from 0 in few stretches, so its interval contains 0. Returns nothing for fewer than four
/// counts.
std::optional<Trend> estimate_trend(const std::vector<CountAt> &counts);

}  // namespace kmodtest::observe
