// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

/// Statistics over several measurements of one thing. Each takes at least one value, except for sum().
namespace kmodtest::bench {

double median(std::vector<double> values);

/// Returns the smallest value that at least `share` (0 to 1) of the values do not exceed. With fewer than 100 values
/// the 99th percentile is the largest.
double percentile(std::vector<double> values, double share);

double smallest(const std::vector<double> &values);
double largest(const std::vector<double> &values);
double sum(const std::vector<double> &values);

}  // namespace kmodtest::bench
