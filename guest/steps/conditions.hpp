// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "program_run.hpp"
#include "shared/condition.hpp"

/// How the steps that check something wait until their condition holds.
namespace kmodtest::guest {

// How often to look at what causes no event of its own: a long look is followed by a long pause.
constexpr Time kShortestPause{5'000};
constexpr Time kLongestPause{20'000};
constexpr int kPausePerLook = 4;

/// Waits for a condition. `look` returns the present Evaluation. With `samples` it is called after pauses, else only
/// after events.
template <class Look>
ProgramRun::Outcome ProgramRun::wait_until_held(Look look, bool samples) {
  Time held_since = kNever;
  shared::Evaluation evaluation;
  const auto finish = [&](wire::StepResult result) {
    evaluation.why.resize(std::min<std::size_t>(evaluation.why.size(), 4096));
    return StepOutcome{result, evaluation.why};
  };
  for (;;) {
    const Time begun = now();
    if (!agent_.congested()) evaluation = look();
    const Time looked = now();
    if (agent_.cancelled()) return std::nullopt;
    if (evaluation.truth == shared::Truth::violated) return finish(wire::StepResult::violated);
    const bool held = evaluation.truth == shared::Truth::held;
    if (!held && held_since != kNever) return finish(wire::StepResult::violated);
    if (held && held_since == kNever) held_since = looked;
    const Time wanted = held ? later(held_since, step().hold_for) : deadline_;
    const Time end = std::min(wanted, case_deadline_);
    if (looked >= end) return finish(held && end == wanted ? wire::StepResult::held : wire::StepResult::expired);

    Time next = end;
    if (samples) {
      const Time pause = std::clamp((looked - begun) * kPausePerLook, kShortestPause, kLongestPause);
      next = std::min(next, later(looked, pause));
    }
    agent_.turn(next);
  }
}

template <class Sample, class Send>
ProgramRun::Outcome ProgramRun::sample_until_held(const Sample &sample, const Send &send) {
  std::optional<shared::Truth> reported;
  bool last_is_reported = false;
  const Outcome outcome = wait_until_held(
      [&] {
        const shared::Evaluation evaluation = sample();
        last_is_reported = reported != evaluation.truth;
        if (last_is_reported) send();
        reported = evaluation.truth;
        return evaluation;
      },
      true);
  if (!last_is_reported) send();
  return outcome;
}

}  // namespace kmodtest::guest
