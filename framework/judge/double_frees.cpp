// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/double_frees.hpp"

#include <fmt/format.h>

#include "judge/faults.hpp"
#include "observe/fault_calls.hpp"
#include "plan/fault.hpp"
#include "text/words.hpp"

namespace kmodtest::judge {

std::vector<observe::KernelReport> double_free_reports(const CaseView &view) {
  std::vector<observe::KernelReport> reports;
  if (!plan::needs_fault_module(view.test_case)) return reports;
  for (const auto &twice : observe::read_fault_calls(view.seen.messages, view.log).twice) {
    observe::KernelReport report;
    report.kind = kDoubleFree;
    report.where = twice.second.place;
    report.module = twice.second.module;
    report.title = observe::describe(report);
    const std::string first = twice.first.place.empty() ? "the kernel" : describe(view, twice.first);
    report.accesses = {
        "freed again: " + describe(view, twice.second), "freed before: " + first,
        fmt::format("allocated: {}, {}", describe(view, twice.allocation), text::counted(twice.bytes, "byte"))};
    report.hint = "free it once; where more than one path can free it, set the pointer to NULL after the first kfree()";
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace kmodtest::judge
