// SPDX-License-Identifier: GPL-2.0-or-later
#include "program_run.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::SendTrace &) {
  wait(step().hold_for);
  if (agent_.cancelled()) return std::nullopt;
  if (now() >= case_deadline_) return expired("the case's timeout passed");
  // If there is no trace, TraceStarted has told the controller why.
  if (agent_.sched_trace.running()) agent_.pump_trace();
  return StepOutcome{};
}

}  // namespace kmodtest::guest
