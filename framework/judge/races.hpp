// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/step_view.hpp"
#include "observe/reports/reports.hpp"

/// Data races, as reports like those of the kernel: a plan expects them in the same way.
namespace kmodtest::judge {

/// The kind of these reports.
inline constexpr const char *kDataRace = "data race";

/// Returns the data races of a case.
std::vector<observe::KernelReport> race_reports(const CaseView &view);

}  // namespace kmodtest::judge
