// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/judge_step.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>
#include <variant>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"

namespace kmodtest::judge {
namespace {

using shared::format_duration;

Reading read_step(const StepView &view) {
  return std::visit([&view](const auto &body) { return read(view, body); }, view.guest().body);
}

const char *result_word(wire::StepResult result) {
  switch (result) {
    case wire::StepResult::held:
      return "held";
    case wire::StepResult::violated:
      return "can no longer hold";
    case wire::StepResult::expired:
      return "ran out of time";
    case wire::StepResult::refused:
      return "was refused";
  }
  return "ended in a way that this version does not know";
}

std::string agent_words(const wire::StepEnded &ended) {
  std::string words = fmt::format("the guest reports that the step {}", result_word(ended.result));
  if (!ended.detail.empty()) words += " (" + ended.detail + ")";
  return words;
}

void fill(Evidence &evidence, Reading reading) {
  evidence.expected = std::move(reading.expected);
  evidence.seen = std::move(reading.seen);
  evidence.details = std::move(reading.details);
  evidence.hint = std::move(reading.hint);
  if (reading.where) evidence.where = *reading.where;
}

Finding disagreement(Evidence evidence, const StepView &view, Reading reading) {
  const std::string own = reading.state == Reading::State::held ? "held" : "did not: " + reading.why;
  evidence.summary = agent_words(*view.ended) + ", but according to the data that it sent, it " + own;
  fill(evidence, std::move(reading));
  if (view.all.lost > 0) {
    evidence.code = base::Code::log_overwritten;
    evidence.hint = fmt::format("{} records of the kernel log were overwritten before they were read; {}",
                                view.all.lost, kLargerLog);
  } else {
    evidence.code = base::Code::defect;
    evidence.hint = "this is a defect of kmodtest; please report it with the case's artifacts (--out)";
  }
  return {.outcome = Outcome::errored, .evidence = std::move(evidence)};
}

/// Judges a step for which the agent gives no result.
std::optional<Finding> by_reading_alone(Evidence evidence, Reading reading) {
  if (reading.state == Reading::State::held) return std::nullopt;
  const Outcome outcome = reading.state == Reading::State::broken ? Outcome::failed : Outcome::errored;
  evidence.summary = reading.why;
  if (outcome == Outcome::errored) evidence.code = reading.code;
  fill(evidence, std::move(reading));
  return Finding{.outcome = outcome, .evidence = std::move(evidence)};
}

}  // namespace

std::optional<Finding> judge_guest_step(const CaseView &view, std::size_t case_index) {
  const StepView step(view, case_index);
  Evidence evidence = evidence_of(view, case_index);
  if (step.ended == nullptr) {
    evidence.code = base::Code::message_missing;
    evidence.summary = fmt::format("the end of this step was not reported ({})", step.guest().label);
    return Finding{.outcome = Outcome::errored, .evidence = std::move(evidence)};
  }
  Reading reading = read_step(step);
  // The agent does not judge a trace, nor whether an unload that nobody asked for had to work.
  const auto *unload = std::get_if<wire::Unload>(&step.guest().body);
  const bool alone = step.step.sched || (unload != nullptr && unload->added);
  if ((alone && step.ended->result == wire::StepResult::held) || reading.code == base::Code::log_overwritten) {
    return by_reading_alone(std::move(evidence), std::move(reading));
  }
  const bool agent_held = step.ended->result == wire::StepResult::held;
  const bool held = reading.state == Reading::State::held;
  if (agent_held && held) return std::nullopt;
  if (agent_held != held && reading.state != Reading::State::unknown) {
    return disagreement(std::move(evidence), step, std::move(reading));
  }
  if (agent_held) return disagreement(std::move(evidence), step, std::move(reading));

  const bool expired = step.ended->result == wire::StepResult::expired;
  const bool unknown = reading.state == Reading::State::unknown;
  evidence.summary = unknown && !step.ended->detail.empty() ? step.ended->detail : reading.why;
  if (expired) evidence.summary += fmt::format(" (waited {})", format_duration(step.guest().within));
  fill(evidence, std::move(reading));
  // An action that does not return hangs, and so does a reading that returned nothing at all.
  const bool hangs = expired && (unknown || wire::is_action(step.guest().body));
  return Finding{.outcome = hangs ? Outcome::hung : Outcome::failed, .evidence = std::move(evidence)};
}

std::optional<Finding> judge_modinfo_step(const CaseView &view, std::size_t case_index) {
  return by_reading_alone(evidence_of(view, case_index),
                          read(*view.test_case.steps[case_index].modinfo, view.seen.modules));
}

}  // namespace kmodtest::judge
