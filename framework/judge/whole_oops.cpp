// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "judge/always.hpp"
#include "judge/judge.hpp"
#include "judge/observations.hpp"
#include "observe/reports/reports.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {

bool oops_is_whole(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log) {
  const auto begin = std::find_if(log.begin(), log.end(), shared::is_marker);
  const auto reports = observe::find_reports({begin == log.end() ? log.begin() : begin, log.end()},
                                             module_names(test_case), seen.loaded());
  return std::any_of(reports.begin(), reports.end(),
                     [](const observe::KernelReport &report) { return report.killed && observe::is_complete(report); });
}

}  // namespace kmodtest::judge
