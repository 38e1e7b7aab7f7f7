// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "program_run.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::Sleep &sleep) {
  const Time end = later(step_started_, sleep.duration);
  const Time until = std::min(end, deadline_);
  while (now() < until) {
    if (agent_.cancelled()) return std::nullopt;
    agent_.turn(until);
  }
  if (until < end) return expired("asleep");
  return StepOutcome{};
}

}  // namespace kmodtest::guest
