// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <string_view>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"

namespace kmodtest::judge {
namespace {

using shared::format_duration;

struct StepKind {
  std::string_view step;
  Reading (*read)(const StepView &);
};

constexpr StepKind kKinds[] = {
    {"load", read_load},   {"unload", read_unload}, {"dmesg", read_dmesg},   {"ps", read_ps},
    {"lsmod", read_lsmod}, {"file", read_file},     {"write", read_write},   {"run", read_run},
    {"cpu", read_cpu},     {"sleep", read_sleep},   {"repeat", read_repeat}, {"sched", read_sched},
};

Reading read(const StepView &view) {
  const std::string_view name = wire::step_name(view.guest().body);
  for (const auto &kind : kKinds) {
    if (kind.step == name) return kind.read(view);
  }
  return reading_unknown("there is no judge for steps '" + std::string(name) + "'");
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
  std::string words = fmt::format("the guest says that the step {}", result_word(ended.result));
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
  evidence.summary = agent_words(*view.ended) + ", but what it sent says that it " + own;
  fill(evidence, std::move(reading));
  if (view.all.lost > 0) {
    evidence.code = base::Code::log_overwritten;
    evidence.hint = fmt::format(
        "{} records of the kernel log were overwritten before they were read; "
        "log_buf_len=4M in guest.append makes the log larger",
        view.all.lost);
  } else {
    evidence.code = base::Code::defect;
    evidence.hint = "this is a defect of kmodtest; please report it with the case's artifacts (--out)";
  }
  return {Outcome::errored, std::move(evidence)};
}

/// Of a step on which the agent has no opinion.
std::optional<Finding> by_reading_alone(Evidence evidence, Reading reading) {
  if (reading.state == Reading::State::held) return std::nullopt;
  const Outcome outcome = reading.state == Reading::State::broken ? Outcome::failed : Outcome::errored;
  evidence.summary = reading.why;
  if (outcome == Outcome::errored) evidence.code = reading.code;
  fill(evidence, std::move(reading));
  return Finding{outcome, std::move(evidence)};
}

}  // namespace

Evidence evidence_of(const CaseView &view, std::size_t case_index) {
  const auto &step = view.test_case.steps[case_index];
  Evidence evidence;
  evidence.step = case_index;
  evidence.where = step.where;
  evidence.source = step.source;
  return evidence;
}

std::optional<Finding> judge_guest_step(const CaseView &view, std::size_t case_index) {
  const StepView step(view, case_index);
  Evidence evidence = evidence_of(view, case_index);
  if (step.ended == nullptr) {
    evidence.code = base::Code::report_missing;
    evidence.summary = fmt::format("nothing was heard of the end of this step ({})", step.guest().label);
    return Finding{Outcome::errored, std::move(evidence)};
  }
  Reading reading = read(step);
  if (step.step.sched && step.ended->result == wire::StepResult::held) {
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
  // An action that does not come back hangs, and so does a reading that gave nothing at all.
  const bool hangs = expired && (unknown || wire::is_action(step.guest().body));
  return Finding{hangs ? Outcome::hung : Outcome::failed, std::move(evidence)};
}

std::optional<Finding> judge_modinfo_step(const CaseView &view, std::size_t case_index) {
  return by_reading_alone(evidence_of(view, case_index),
                          read_modinfo(view.test_case.steps[case_index], view.seen.modules));
}

Reading read_samples(const StepView &view, const std::vector<Sample> &samples) {
  if (samples.empty()) return reading_unknown("no sample of it came");
  if (samples.back().evaluation.truth != shared::Truth::held) {
    Reading reading = reading_broken(samples.back().evaluation.why);
    for (const auto &sample : samples) {
      if (sample.evaluation.truth != shared::Truth::held) continue;
      reading.why += fmt::format("; it had held, but had to stay so for {}", format_duration(view.guest().hold_for));
      break;
    }
    return reading;
  }
  wire::Microseconds since = samples.back().time;
  for (auto sample = samples.rbegin(); sample != samples.rend(); ++sample) {
    if (sample->evaluation.truth != shared::Truth::held) break;
    since = sample->time;
  }
  if (view.started == nullptr) return reading_unknown("the start of the step was not reported");
  const auto took = since - view.started->time;
  if (took > view.guest().within + slack(view.guest().within)) {
    return reading_broken(fmt::format("it held only after {}", format_duration(took)));
  }
  return reading_held();
}

std::string range_words(const wire::Range &range) {
  if (range.min == range.max) return fmt::format("{}", range.min);
  if (range.max == std::numeric_limits<std::int64_t>::max()) return fmt::format("at least {}", range.min);
  return fmt::format("{}..{}", range.min, range.max);
}

std::string errno_words(int error) {
  if (error == 0) return "success";
  if (error == -1) return "any error";
  const char *name = ::strerrorname_np(error);
  std::string words = ::strerrordesc_np(error) == nullptr ? "unknown" : ::strerrordesc_np(error);
  if (words.size() > 1 && words[1] >= 'a' && words[1] <= 'z') words[0] = static_cast<char>(words[0] | 0x20);
  return fmt::format("{} ({})", name == nullptr ? fmt::format("errno {}", error) : name, words);
}

}  // namespace kmodtest::judge
