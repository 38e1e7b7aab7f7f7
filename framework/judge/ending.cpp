// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/ending.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>

#include "judge/hang.hpp"

namespace kmodtest::judge {
namespace {

/// Returns the evidence for the step in which the case was when the messages ended.
Evidence evidence_of_the_end(const CaseView &view) {
  const auto step = view.open_step();
  return step ? evidence_of(view, *step) : Evidence{};
}

/// Returns "the step 'load ex7_4' cannot end: ", if a step was open.
std::string open_step(const CaseView &view) {
  const auto open = view.open_step();
  if (open && StepView(view, *open).started != nullptr) {
    return fmt::format("'{}' cannot end: ", view.test_case.steps[*open].guest->label);
  }
  return "the guest fell silent: ";
}

base::Code code_of(const Ending &ending, base::Code otherwise) {
  return ending.code == base::Code::none ? otherwise : ending.code;
}

std::string with_detail(std::string words, const std::string &detail) {
  return detail.empty() ? words : std::move(words) + ": " + detail;
}

}  // namespace

std::optional<Finding> check_ending(const CaseView &view, bool has_report, bool all_steps_seen) {
  using Kind = Ending::Kind;
  const auto &ending = view.seen.ending;
  Finding finding{.outcome = Outcome::errored};
  auto &evidence = finding.evidence;
  evidence = evidence_of_the_end(view);
  evidence.details = last_lines(view.seen.console, kShownOfConsole);
  // If the module hung or crashed the guest, kmodtest has no error code or hint to offer.
  const auto ours = [&](base::Code otherwise) { evidence.code = code_of(ending, otherwise); };
  switch (ending.kind) {
    case Kind::panicked:
    case Kind::guest_reset:
      if (has_report) return std::nullopt;
      finding.outcome = Outcome::crashed;
      evidence.summary =
          ending.kind == Kind::panicked ? with_detail("the guest panicked", ending.detail) : ending.detail;
      return finding;
    case Kind::silent:
      if (view.program_started)
        finding.outcome = Outcome::hung;
      else
        ours(base::Code::guest_silent);
      evidence.summary =
          with_detail(view.program_started ? "the guest fell silent" : "the guest did not get ready", ending.detail);
      return finding;
    case Kind::guest_gone:
    case Kind::channel_broken:
      if (has_report) return std::nullopt;
      ours(ending.kind == Kind::guest_gone ? base::Code::guest_gone : base::Code::channel_broken);
      evidence.summary =
          with_detail(ending.kind == Kind::guest_gone ? "the guest's QEMU ended" : "the channel broke", ending.detail);
      if (ending.code == base::Code::disk_full) evidence.summary = ending.detail;
      return finding;
    case Kind::stopped_early:
      if (has_report) return std::nullopt;
      ours(base::Code::guest_stopped);
      evidence.summary = with_detail("the guest was stopped before the end of its program", ending.detail);
      return finding;
    case Kind::timed_out:
      finding.outcome = Outcome::hung;
      evidence.summary = ending.detail;
      evidence.details.clear();
      return finding;
    case Kind::stuck:
      finding.outcome = Outcome::hung;
      evidence.summary = open_step(view) + ending.detail;
      evidence.details.clear();
      return finding;
    case Kind::not_started:
      ours(base::Code::guest_not_ready);
      evidence.summary = with_detail("no guest was started", ending.detail);
      return finding;
    case Kind::completed:
      break;
  }
  evidence.details.clear();
  ours(base::Code::message_missing);
  if (view.program_ended == nullptr) {
    evidence.summary = with_detail("the end of the program was not reported", ending.detail);
    return finding;
  }
  if (!view.program_ended->error.empty()) {
    ours(base::Code::agent_failed);
    evidence.summary = with_detail("the guest could not continue", view.program_ended->error);
    return finding;
  }
  if (view.program_ended->cancelled) {
    ours(base::Code::guest_stopped);
    evidence.summary = "the program was cancelled";
    return finding;
  }
  if (!all_steps_seen) {
    evidence.summary = "the program ended, but this step was not reported";
    return finding;
  }
  return std::nullopt;
}

Verdict never_ready(const Observations &seen) {
  Verdict verdict{.outcome = Outcome::errored};
  Evidence evidence;
  evidence.summary = with_detail("the guest did not come up", seen.ending.detail);
  evidence.details = last_lines(seen.console, kShownOfConsole);
  evidence.expected = "the agent's READY";
  evidence.seen = evidence.details.empty() ? "nothing on the console" : "the console ends with:";
  evidence.code = code_of(seen.ending, base::Code::guest_not_ready);
  verdict.evidence.push_back(std::move(evidence));
  return verdict;
}

}  // namespace kmodtest::judge
