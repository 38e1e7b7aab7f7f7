// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/expected.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "judge/races.hpp"
#include "judge/wrong_frees.hpp"
#include "plan/fault.hpp"
#include "shared/pattern.hpp"

namespace kmodtest::judge {
namespace {

using observe::KernelReport;
using observe::ReportClass;

bool fits(const wire::Pattern &pattern, const KernelReport &report) {
  return shared::Matcher(pattern).matches(observe::describe(report));
}

/// Returns the first pattern of the plan that matches, or null.
const wire::Pattern *pattern_of(const plan::Case &test_case, const KernelReport &report) {
  if (!test_case.expect) return nullptr;
  const auto &patterns = test_case.expect->reports;
  const auto found = std::find_if(patterns.begin(), patterns.end(),
                                  [&](const wire::Pattern &pattern) { return fits(pattern, report); });
  return found == patterns.end() ? nullptr : &*found;
}

std::string words_of(const wire::Pattern &pattern) {
  return "a kernel report like " + shared::render_pattern(pattern);
}

/// Returns true if a line of the verdict's summaries matches.
bool is_said(const wire::Pattern &pattern, const Verdict &verdict) {
  const shared::Matcher matcher(pattern);
  return std::any_of(verdict.evidence.begin(), verdict.evidence.end(), [&](const Evidence &evidence) {
    std::string_view rest = evidence.summary;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (matcher.matches(rest.substr(0, end))) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  });
}

bool has_consequences(const KernelReport &report) {
  return report.fatal || report.killed || report.report_class == ReportClass::stall;
}

std::string words_of(Outcome outcome, const Evidence &evidence) {
  return outcome_word(outcome) + ": " + evidence.summary;
}

std::string words_of(const Verdict &verdict) {
  if (verdict.evidence.empty()) return outcome_word(verdict.outcome);
  return words_of(verdict.outcome, verdict.evidence.front());
}

Outcome outcome_of(plan::ExpectedVerdict verdict) {
  switch (verdict) {
    case plan::ExpectedVerdict::passed:
      return Outcome::passed;
    case plan::ExpectedVerdict::crashed:
      return Outcome::crashed;
    case plan::ExpectedVerdict::hung:
      return Outcome::hung;
    case plan::ExpectedVerdict::leaked:
      return Outcome::leaked;
    case plan::ExpectedVerdict::failed:
      return Outcome::failed;
    case plan::ExpectedVerdict::errored:
      return Outcome::errored;
  }
  return Outcome::errored;
}

std::string words_of(const plan::Expect &expect) {
  std::string words = outcome_name(outcome_of(expect.verdict));
  for (std::size_t i = 0; i < expect.says.size(); ++i) {
    words += (i == 0 ? ", with " : " and ") + shared::render_pattern(expect.says[i]);
  }
  return words;
}

}  // namespace

bool is_expected(const plan::Case &test_case, const KernelReport &report) {
  return pattern_of(test_case, report) != nullptr;
}

std::vector<Finding> expected_reports(const CaseView &view, const SeenReports &seen) {
  std::vector<Finding> findings;
  for (const auto &report : seen.reports) {
    const wire::Pattern *pattern = pattern_of(view.test_case, report);
    if (pattern == nullptr) continue;
    findings.push_back(finding_of(view, report, seen.from_console));
    findings.back().evidence.expected = words_of(*pattern);
    findings.back().evidence.permission = {};
  }
  return findings;
}

namespace {

/// Returns how to get a report that nobody looked for; empty: no check is missing.
std::string hint_at_missing(const std::string &pattern, const plan::Case &test_case) {
  if (pattern.find(kDataRace) != std::string::npos && test_case.checks.races == plan::Races::none)
    return "kmodtest looks for data races only with 'checks: {races: true}' or --races";
  const bool of_free =
      pattern.find(kDoubleFree) != std::string::npos || pattern.find(kInvalidFree) != std::string::npos;
  if (of_free && !plan::needs_fault_module(test_case))
    return "kmodtest follows what is freed only with 'checks: {memory: true}' or --check-memory";
  return {};
}

}  // namespace

std::vector<Finding> missing_reports(const CaseView &view, const SeenReports &seen) {
  std::vector<Finding> findings;
  if (!view.test_case.expect) return findings;
  const plan::Expect &expect = *view.test_case.expect;
  for (const auto &pattern : expect.reports) {
    const bool came = std::any_of(seen.reports.begin(), seen.reports.end(),
                                  [&](const KernelReport &report) { return fits(pattern, report); });
    if (came) continue;
    Finding finding{.outcome = Outcome::failed};
    auto &evidence = finding.evidence;
    evidence.where = expect.where;
    evidence.source = expect.source;
    evidence.summary = fmt::format("the expected report {} did not appear", shared::render_pattern(pattern));
    evidence.expected = words_of(pattern);
    for (const auto &report : seen.reports) {
      evidence.seen += (evidence.seen.empty() ? "" : "\n") + observe::describe(report);
    }
    if (evidence.seen.empty()) evidence.seen = "no kernel report";
    evidence.hint = hint_at_missing(evidence.expected, view.test_case);
    findings.push_back(std::move(finding));
  }
  return findings;
}

Consequences::Consequences(const CaseView &view, const SeenReports &seen) {
  for (const auto &report : seen.reports) {
    if (!is_expected(view.test_case, report) || !has_consequences(report)) continue;
    any_ = true;
    since_ = step_of(view, report, seen.from_console);
    return;
  }
}

bool Consequences::explain(const CaseView &view, const Finding &step) const {
  if (!any_ || !step.evidence.step) return false;
  if (since_ && *step.evidence.step < *since_) return false;
  const auto &guest = view.test_case.steps[*step.evidence.step].guest;
  return step.outcome == Outcome::hung || (guest && wire::is_action(guest->body));
}

bool Consequences::explain(Ending::Kind ending) const {
  using Kind = Ending::Kind;
  return any_ && (ending == Kind::panicked || ending == Kind::guest_reset || ending == Kind::stopped_early ||
                  ending == Kind::silent || ending == Kind::timed_out || ending == Kind::stuck);
}

bool all_came(const plan::Case &test_case, const std::vector<KernelReport> &reports) {
  if (!test_case.expect || test_case.expect->reports.empty()) return false;
  const auto &patterns = test_case.expect->reports;
  return std::all_of(patterns.begin(), patterns.end(),
                     [&](const wire::Pattern &pattern) {
                       return std::any_of(reports.begin(), reports.end(),
                                          [&](const KernelReport &report) { return fits(pattern, report); });
                     }) &&
         std::any_of(reports.begin(), reports.end(), [&](const KernelReport &report) {
           // After a report that only killed a process, the guest can reach the end of its program. A panic ends the
           // guest; if nothing ends, its words were only printed.
           return ((report.fatal && !observe::is_plain_panic(report)) || report.report_class == ReportClass::stall) &&
                  is_expected(test_case, report);
         });
}

Verdict compared(const plan::Case &test_case, Verdict verdict, std::vector<Finding> reports) {
  if (!test_case.expect || verdict.outcome == Outcome::skipped) return verdict;
  const plan::Expect &expect = *test_case.expect;
  const Outcome wanted = outcome_of(expect.verdict);
  const bool same = wanted == verdict.outcome;
  const auto unsaid = std::find_if(expect.says.begin(), expect.says.end(),
                                   [&](const wire::Pattern &pattern) { return !is_said(pattern, verdict); });
  if (same && unsaid == expect.says.end()) {
    std::vector<std::string> came;
    came.reserve(reports.size());
    for (const auto &report : reports) came.push_back(words_of(report.outcome, report.evidence));
    if (verdict.outcome != Outcome::passed) came.push_back(words_of(verdict));
    verdict.came = fmt::format("{}", fmt::join(came, "; "));
    verdict.outcome = Outcome::passed;
    for (auto &report : reports) verdict.evidence.push_back(std::move(report.evidence));
    return verdict;
  }
  if (wanted == Outcome::passed) return verdict;
  Evidence evidence;
  evidence.where = expect.where;
  evidence.source = expect.source;
  evidence.summary =
      same ? fmt::format("the case {} as expected, but does not mention {}", outcome_name(wanted),
                         shared::render_pattern(*unsaid))
           : fmt::format("the verdict had to be {}, but is {}", outcome_name(wanted), outcome_name(verdict.outcome));
  evidence.expected = words_of(expect);
  evidence.seen = words_of(verdict);
  if (verdict.outcome == Outcome::errored && !same) {
    verdict.evidence.push_back(std::move(evidence));  // the reason why it could not be judged comes first
    return verdict;
  }
  verdict.outcome = Outcome::failed;
  verdict.evidence.insert(verdict.evidence.begin(), std::move(evidence));
  return verdict;
}

}  // namespace kmodtest::judge
