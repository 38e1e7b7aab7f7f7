// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

/// What several measurements of one thing come to. Each takes at least one value, but for sum().
namespace kmodtest::bench {

double median(std::vector<double> values);

/// The smallest value that at least `share` (0 to 1) of the values do not exceed. Of fewer than 100 values the 99th
/// percentile is the largest.
double percentile(std::vector<double> values, double share);

double smallest(const std::vector<double> &values);
double largest(const std::vector<double> &values);
double sum(const std::vector<double> &values);

}  // namespace kmodtest::bench
