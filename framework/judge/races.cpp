// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/races.hpp"

#include <algorithm>

#include "observe/races.hpp"

namespace kmodtest::judge {
namespace {

constexpr const char *kHint =
    "protect both accesses by the same lock; or, if no lock is needed, mark both: READ_ONCE(), WRITE_ONCE(), "
    "atomic_t, data_race() (kernel: tools/memory-model/Documentation/access-marking.txt)";
constexpr const char *kHintOfFree =
    "free memory only when nobody uses it any more: count its users (refcount_t, kref), or wait for them "
    "(kthread_stop(), cancel_work_sync(), synchronize_rcu())";

}  // namespace

std::vector<observe::KernelReport> race_reports(const CaseView &view) {
  std::vector<observe::KernelReport> reports;
  if (!view.seen.races) return reports;
  for (const observe::Race &race : view.seen.races->races) {
    observe::KernelReport report;
    report.kind = kDataRace;
    report.where = race.where;
    report.module = race.module;
    report.title = observe::describe(report);
    report.accesses = race.lines;
    report.hint = race.frees ? kHintOfFree : kHint;
    const auto step = std::find(view.guest_index.begin(), view.guest_index.end(), race.step);
    if (race.step && step != view.guest_index.end())
      report.step = static_cast<std::size_t>(step - view.guest_index.begin());
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace kmodtest::judge
