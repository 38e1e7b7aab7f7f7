// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/trend.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace kmodtest::observe {
namespace {

constexpr std::size_t kFewestCounts = 4;

/// Returns the 0.975 quantile of Student's t, by degrees of freedom from 1 on. For more degrees it is near that of the
/// normal distribution, and a little above.
double student(std::size_t freedom) {
  static constexpr double kQuantiles[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                          2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
  return kQuantiles[std::min(freedom, std::size(kQuantiles)) - 1];
}

}  // namespace

std::optional<Trend> estimate_trend(const std::vector<CountAt> &counts) {
  if (counts.size() < kFewestCounts) return std::nullopt;
  const std::size_t stretches = counts.size() - 1;
  Trend trend;
  trend.rounds = counts.back().rounds - counts.front().rounds;
  if (trend.rounds == 0) return std::nullopt;
  trend.slope = static_cast<double>(counts.back().count - counts.front().count) / trend.rounds;
  // Stretches can differ in length. Each is weighted by its rounds, because the variance of a random walk grows with
  // them.
  double spread = 0;
  std::size_t risen = 0;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    const auto rounds = static_cast<double>(counts[i].rounds - counts[i - 1].rounds);
    const auto rise = static_cast<double>(counts[i].count - counts[i - 1].count);
    if (rounds <= 0) return std::nullopt;
    const double off = rise - trend.slope * rounds;
    spread += off * off / rounds;
    if (rise > 0) ++risen;
  }
  const double error = std::sqrt(spread / static_cast<double>(stretches - 1) / trend.rounds);
  const double reach = student(stretches - 1) * error;
  trend.low = trend.slope - reach;
  trend.high = trend.slope + reach;
  trend.grows = trend.low > 0 && 2 * risen > stretches;
  return trend;
}

}  // namespace kmodtest::observe
