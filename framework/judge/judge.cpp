// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/judge.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "judge/always.hpp"
#include "judge/ending.hpp"
#include "judge/expected.hpp"
#include "judge/faults.hpp"
#include "judge/flood.hpp"
#include "judge/hang.hpp"
#include "judge/hardware.hpp"
#include "judge/notes.hpp"
#include "judge/observations.hpp"
#include "judge/points.hpp"
#include "judge/steps/judge_step.hpp"
#include "judge/steps/reading.hpp"
#include "judge/unreferenced.hpp"
#include "observe/reports/reports.hpp"
#include "plan/plan.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

/// A finding and its weight; the heaviest decides the outcome.
struct Weighed {
  Finding finding;
  int weight = 0;
};

// Definite before indefinite, cause before consequence: a leak after a failed step is caused by that step.
constexpr int kCause = 65, kCrashed = 60, kHung = 50, kStepFailed = 40, kFlooded = 35, kErrored = 30,
              kReportMissing = 25, kLeaked = 20, kMadeAgain = 18, kLoadAgain = 15, kTainted = 10;

int weight_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::crashed:
      return kCrashed;
    case Outcome::hung:
      return kHung;
    case Outcome::failed:
      return kStepFailed;
    case Outcome::leaked:
      return kLeaked;
    default:
      return kErrored;
  }
}

/// Returns the finding of the first step in order that did not hold. `reached`: the whole program was observed.
std::optional<Finding> check_steps(const CaseView &view, const FaultView &faults, bool &reached) {
  reached = true;
  for (std::size_t i = 0; i < view.test_case.steps.size(); ++i) {
    const auto &step = view.test_case.steps[i];
    if (step.modinfo) {
      if (auto finding = judge_modinfo_step(view, i)) return finding;
      continue;
    }
    if (!reached || !step.guest) continue;
    const StepView seen(view, i);
    if (seen.ended == nullptr) {
      reached = false;  // the way in which the case ended explains it
      continue;
    }
    if (faults.excuses(i)) continue;
    if (auto finding = judge_guest_step(view, i)) return finding;
  }
  return std::nullopt;
}

/// Checks that no line of the kernel log is missing: a kernel report can be among those that are.
std::optional<Finding> check_lost_lines(const CaseView &view) {
  if (view.lost == 0 || !view.test_case.checks.reports) return std::nullopt;
  Finding finding{.outcome = Outcome::errored};
  finding.evidence.summary = fmt::format(
      "{} lines of the kernel log were overwritten before they were read: they can have a kernel report", view.lost);
  finding.evidence.expected = "the whole log, to see that there is no kernel report";
  finding.evidence.hint = fmt::format("{}; 'checks: {{reports: false}}' does without it", kLargerLog);
  finding.evidence.code = base::Code::log_overwritten;
  return finding;
}

/// Checks that both inventories exist: the always-on checks need the guest's state before and after.
std::optional<Finding> check_inventories(const CaseView &view) {
  const auto &checks = view.test_case.checks;
  if (!checks.leftovers && !checks.taint) return std::nullopt;
  if (view.baseline != nullptr && !view.after_unload.empty()) return std::nullopt;
  Finding finding{.outcome = Outcome::errored};
  finding.evidence.summary = view.baseline == nullptr ? "the guest's state before the first step was not reported"
                                                      : "the guest's state after the last step was not reported";
  finding.evidence.code = base::Code::message_missing;
  return finding;
}

/// Returns whether a step that did not hold is a load that was refused, although what it loads had been loaded and
/// unloaded before, and no module is loaded now. Then what is left explains the refusal.
bool refuses_to_load_again(const CaseView &view, const Finding &step) {
  const auto case_index = step.evidence.step;
  if (step.outcome != Outcome::failed || !case_index || !view.guest_index[*case_index]) return false;
  std::map<std::string, int> loaded;
  const wire::Loaded *refused = nullptr;
  for (const auto &message : view.seen.messages) {
    if (const auto *load = std::get_if<wire::Loaded>(&message)) {
      if (load->error == 0) ++loaded[load->module];
      if (load->error != 0 && load->step == *view.guest_index[*case_index]) refused = load;
    }
    const auto *unload = std::get_if<wire::Unloaded>(&message);
    if (unload != nullptr && unload->error == 0) --loaded[unload->module];
  }
  return refused != nullptr && loaded.contains(refused->module) &&
         std::all_of(loaded.begin(), loaded.end(), [](const auto &one) { return one.second == 0; });
}

Verdict failed_preflight(const Observations &seen) {
  Verdict verdict{.outcome = Outcome::failed};
  for (const auto &finding : seen.preflight) {
    Evidence evidence;
    evidence.summary = "preflight: " + finding.message;
    evidence.expected = "a module that fits the kernel; nothing was started";
    evidence.hint = finding.hint;
    evidence.code = finding.code;
    verdict.evidence.push_back(std::move(evidence));
  }
  return verdict;
}

/// Returns the verdict as if the plan expected nothing except for the reports that it names.
Verdict verdict_of(const CaseView &view, const SeenReports &reports, const std::vector<GuestTest> &tests) {
  const Observations &seen = view.seen;
  std::vector<Weighed> found;
  const auto add = [&](Finding finding) {
    const int weight = weight_of(finding.outcome);
    found.push_back({std::move(finding), weight});
  };
  for (auto &finding : check_reports(view, reports)) {
    if (!finding.names_module) {
      explain_hang(view, finding);
      explain_crash_elsewhere(view, finding);
    }
    // A report of something that was there already comes after what is left, which explains it.
    const int weight = finding.outcome == Outcome::leaked ? kMadeAgain : weight_of(finding.outcome);
    found.push_back({std::move(finding), weight});
  }
  const bool has_report =
      std::any_of(found.begin(), found.end(), [](const Weighed &one) { return one.weight >= kHung; });
  for (auto &finding : missing_reports(view, reports)) found.push_back({std::move(finding), kReportMissing});
  const bool flooded = [&] {
    auto finding = check_flood(view);
    if (finding) found.push_back({std::move(*finding), kFlooded});
    return finding.has_value();
  }();
  const Consequences consequences(view, reports);
  const FaultView faults(view);
  if (auto finding = faults.wrong_load()) add(std::move(*finding));
  bool all_steps_seen = true;
  bool step_failed = false;
  if (seen.ending.kind != Ending::Kind::not_started) {
    if (auto finding = check_steps(view, faults, all_steps_seen)) {
      const bool again =
          refuses_to_load_again(view, *finding) || (finding->evidence.step && faults.is_again(*finding->evidence.step));
      step_failed = !again;
      explain_hang(view, *finding);
      if (again && finding->outcome == Outcome::failed) {
        found.push_back({std::move(*finding), kLoadAgain});
      } else if (!consequences.explain(view, *finding)) {
        add(std::move(*finding));
      }
    }
  }
  for (auto &finding : check_guest_tests(view, tests)) add(std::move(finding));
  if (!step_failed) {
    if (auto finding = faults.call_not_made()) add(std::move(*finding));
  }
  if (!consequences.explain(seen.ending.kind)) {
    if (auto finding = check_ending(view, has_report || flooded, all_steps_seen || step_failed)) {
      explain_hang(view, *finding);
      add(std::move(*finding));
    }
  }
  // Leftovers of a refused load are the cause of the reports after it.
  const bool is_cause = std::any_of(found.begin(), found.end(), [&](const Weighed &one) {
    return one.weight >= kHung && faults.is_after_refusal(one.finding.evidence.step);
  });
  const auto add_leftovers = [&] {
    for (auto &finding : check_leftovers(view)) found.push_back({std::move(finding), is_cause ? kCause : kLeaked});
  };
  // After a step that did not hold nothing was unloaded; then whatever is left is not a leak.
  if (!step_failed && !consequences.any() && seen.ending.kind == Ending::Kind::completed) {
    if (auto finding = check_inventories(view)) add(std::move(*finding));
    add_leftovers();
    for (auto &finding : faults.memory_left()) add(std::move(finding));
    for (auto &finding : check_unreferenced(view)) add(std::move(finding));
    for (auto &finding : check_pointers(view)) add(std::move(finding));
    for (auto &finding : check_growth(view)) add(std::move(finding));
    for (auto &finding : check_settings(view)) add(std::move(finding));
    for (auto &finding : check_taint(view)) {
      const int weight = finding.outcome == Outcome::failed ? kTainted : weight_of(finding.outcome);
      found.push_back({std::move(finding), weight});
    }
  }
  // What was left explains a crash that came after the unload.
  if (has_report && !consequences.any() && seen.ending.kind != Ending::Kind::completed &&
      (is_cause || !seen.unloaded().empty())) {
    add_leftovers();
    for (auto &finding : check_pointers(view)) add(std::move(finding));
  }
  const auto hangs = [](const Weighed &one) { return one.finding.outcome == Outcome::hung; };
  if (!consequences.any() && std::none_of(found.begin(), found.end(), hangs)) {
    if (auto finding = find_deadlock(view)) add(std::move(*finding));
  }
  if (found.empty()) {
    if (auto finding = check_lost_lines(view)) add(std::move(*finding));
  }
  if (found.empty()) return {.outcome = Outcome::passed};
  std::stable_sort(found.begin(), found.end(),
                   [](const Weighed &left, const Weighed &right) { return left.weight > right.weight; });
  Verdict verdict{.outcome = found.front().finding.outcome};
  for (auto &one : found) verdict.evidence.push_back(std::move(one.finding.evidence));
  if (const std::string fault = faults.words(); !fault.empty()) {
    auto &summary = verdict.evidence.front().summary;
    summary = fmt::format("after {}: {}", fault, summary);
  }
  return verdict;
}

/// Returns true if the kernel reported a defect that names no module, and a step cannot end because of it.
bool crashed_elsewhere(const plan::Case &test_case, const Observations &seen) {
  if (seen.ending.kind != Ending::Kind::stopped_early && seen.ending.kind != Ending::Kind::stuck) return false;
  const CaseView view(test_case, seen);
  const auto reports = reports_of(view).reports;
  return view.open_step() && std::all_of(reports.begin(), reports.end(),
                                         [](const observe::KernelReport &report) { return report.module.empty(); });
}

Verdict verdict_without_points(const plan::Case &test_case, const Observations &seen) {
  if (test_case.skip) return {.outcome = Outcome::skipped, .skip_reason = *test_case.skip};
  if (!seen.preflight.empty()) return compared(test_case, failed_preflight(seen), {});
  if (!seen.agent && seen.ending.kind != Ending::Kind::not_started) {
    return compared(test_case, never_ready(seen), {});
  }
  const CaseView view(test_case, seen);
  if (auto lacks = lacking_hardware(view)) return {.outcome = Outcome::skipped, .skip_reason = std::move(*lacks)};
  const SeenReports reports = reports_of(view);
  std::vector<GuestTest> tests = find_guest_tests(view);
  Verdict verdict = compared(test_case, verdict_of(view, reports, tests), expected_reports(view, reports));
  verdict.notes = notes_of(view);
  verdict.tests = results_by_name(std::move(tests));
  if (!verdict.tests.empty()) verdict.notes.push_back(summary_of_tests(verdict.tests));
  return verdict;
}

}  // namespace

Verdict judge(const plan::Case &test_case, const Observations &seen) {
  Verdict verdict = verdict_without_points(test_case, seen);
  verdict.points = points_of(test_case, seen, verdict);
  return verdict;
}

Outcome what_happened(const plan::Case &test_case, const Observations &seen) {
  if (test_case.skip || !seen.preflight.empty() || !seen.agent) return judge(test_case, seen).outcome;
  const CaseView view(test_case, seen);
  const SeenReports reports = reports_of(view);
  const Verdict verdict = verdict_of(view, reports, find_guest_tests(view));
  if (verdict.outcome != Outcome::passed) return verdict.outcome;
  const auto expected = expected_reports(view, reports);
  return expected.empty() ? verdict.outcome : expected.front().outcome;
}

bool wants_dissection(const plan::Case &test_case, const Observations &seen) {
  if (seen.ending.kind == Ending::Kind::not_started || !seen.agent) return false;
  for (const auto &message : seen.messages) {
    const auto *autopsy = std::get_if<wire::Autopsy>(&message);
    if (autopsy == nullptr) continue;
    const auto &tasks = autopsy->tasks;
    if (std::any_of(tasks.begin(), tasks.end(), [](const auto &one) { return one.task.state == 'D'; })) return true;
  }
  const Outcome outcome = what_happened(test_case, seen);
  return outcome == Outcome::hung || (outcome == Outcome::crashed && crashed_elsewhere(test_case, seen));
}

bool decided_early(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log) {
  if (!test_case.checks.reports && !test_case.expect) return false;
  const auto begin = std::find_if(log.begin(), log.end(), shared::is_marker);
  // Called for every batch of lines: most contain nothing of this kind.
  const auto first = begin == log.end() ? log.begin() : begin;
  const auto last = std::find_if(first, log.end(), shared::is_autopsy_marker);
  if (std::none_of(first, last, observe::opens_report)) return false;
  const auto reports = observe::find_reports({first, last}, module_names(test_case), seen.loaded());
  if (all_came(test_case, reports)) return true;
  const bool expects_reports = test_case.expect && !test_case.expect->reports.empty();
  return std::any_of(reports.begin(), reports.end(), [&](const observe::KernelReport &report) {
    if (!test_case.checks.reports || report.report_class == observe::ReportClass::leftover) return false;
    if (is_allowed(test_case.checks, report)) return false;
    // A sleeping task costs no time: the step's deadline arrives, and the autopsy. A panic ends the guest; if nothing
    // ends, its words were only printed.
    if (report.task_sleeps || observe::is_plain_panic(report)) return false;
    // An incomplete report may lack the place that a pattern could match.
    return !expects_reports || (observe::is_complete(report) && !is_expected(test_case, report));
  });
}

}  // namespace kmodtest::judge
