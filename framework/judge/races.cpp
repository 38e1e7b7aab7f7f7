// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/races.hpp"

#include <algorithm>

#include "observe/races.hpp"

namespace kmodtest::judge {

std::vector<observe::KernelReport> race_reports(const CaseView &view) {
  std::vector<observe::KernelReport> reports;
  if (!view.seen.races) return reports;
  for (const observe::Race &race : view.seen.races->races) {
    observe::KernelReport report;
    report.kind = "data race";
    report.where = race.where;
    report.module = race.module;
    report.title = observe::describe(report);
    report.accesses = race.lines;
    const auto step = std::find(view.guest_index.begin(), view.guest_index.end(), race.step);
    if (race.step && step != view.guest_index.end())
      report.step = static_cast<std::size_t>(step - view.guest_index.begin());
    reports.push_back(std::move(report));
  }
  return reports;
}

const char *hint_at_race() {
  return "protect both accesses by the same lock; or, if no lock is needed, mark both: READ_ONCE(), WRITE_ONCE(), "
         "atomic_t, data_race() (kernel: tools/memory-model/Documentation/access-marking.txt)";
}

}  // namespace kmodtest::judge
