// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/wrong_frees.hpp"

#include <fmt/format.h>

#include "judge/faults.hpp"
#include "observe/fault_calls.hpp"
#include "plan/fault.hpp"
#include "text/words.hpp"

namespace kmodtest::judge {
namespace {

observe::KernelReport report_of(const char *kind, const observe::FaultCall &free) {
  observe::KernelReport report;
  report.kind = kind;
  report.where = free.place;
  report.module = free.module;
  report.title = observe::describe(report);
  return report;
}

std::string allocation_text(const CaseView &view, const observe::FaultCall &allocation, std::uint64_t bytes) {
  return fmt::format("allocated: {}, {}", describe(view, allocation), text::counted(bytes, "byte"));
}

}  // namespace

std::vector<observe::KernelReport> wrong_free_reports(const CaseView &view) {
  std::vector<observe::KernelReport> reports;
  if (!plan::needs_fault_module(view.test_case)) return reports;
  const observe::FaultCalls calls = observe::read_fault_calls(view.seen.messages, view.log);
  for (const auto &twice : calls.twice) {
    observe::KernelReport report = report_of(kDoubleFree, twice.second);
    const std::string first = twice.first.place.empty() ? "the kernel" : describe(view, twice.first);
    report.accesses = {"freed again: " + describe(view, twice.second), "freed before: " + first,
                       allocation_text(view, twice.allocation, twice.bytes)};
    report.hint = "free it once; where more than one path can free it, set the pointer to NULL after the first kfree()";
    reports.push_back(std::move(report));
  }
  for (const auto &inner : calls.inner) {
    observe::KernelReport report = report_of(kInvalidFree, inner.free);
    report.accesses = {fmt::format("freed: {}, {} behind the beginning of an object", describe(view, inner.free),
                                   text::counted(inner.offset, "byte")),
                       allocation_text(view, inner.allocation, inner.bytes)};
    report.hint =
        "free the pointer that the allocation returned; keep it if another one moves on (strsep, skip_spaces)";
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace kmodtest::judge
