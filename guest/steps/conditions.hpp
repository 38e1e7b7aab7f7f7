// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "program_run.hpp"
#include "shared/condition.hpp"
#include "shared/sampling.hpp"

/// How the steps that check something wait until their condition holds.
namespace kmodtest::guest {

/// Waits for a condition. `look` returns the present Evaluation; `wait` waits up to a moment for something that can
/// change it.
template <class Look, class Wait>
ProgramRun::Outcome ProgramRun::wait_until_held(Look look, Wait wait) {
  Time held_since = kNever;
  shared::Evaluation evaluation;
  const auto finish = [&](wire::StepResult result) {
    evaluation.why.resize(std::min<std::size_t>(evaluation.why.size(), 4096));
    return StepOutcome{result, evaluation.why};
  };
  for (;;) {
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
    wait(end);
  }
}

template <class Sample, class Send>
ProgramRun::Outcome ProgramRun::sample_until_held(const Sample &sample, const Send &send) {
  std::optional<shared::Truth> reported;
  bool last_is_reported = false;
  Time took{0};
  Outcome outcome = wait_until_held(
      [&] {
        const Time begun = now();
        shared::Evaluation evaluation = sample();
        took = now() - begun;
        last_is_reported = reported != evaluation.truth;
        reported = evaluation.truth;
        if (last_is_reported) send(evaluation.truth);
        return evaluation;
      },
      [&](Time until) {
        agent_.turn(std::min(until, later(now(), shared::pause_after(took, now() - step_started_))));
      });
  if (!last_is_reported) send(reported.value_or(shared::Truth::pending));
  return outcome;
}

}  // namespace kmodtest::guest
