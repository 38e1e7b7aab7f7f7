// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "observe/coverage.hpp"

namespace kmodtest::report {

/// Returns the lines of a summary: the shares and the largest gaps, and what was not measured.
std::vector<std::string> coverage_lines(const observe::Coverage &coverage);

/// Returns why fewer than `least` percent of the lines ran; empty if enough did. Does not round: 79.99 is less than 80.
std::string coverage_shortfall(const observe::Coverage &coverage, double least);

}  // namespace kmodtest::report
