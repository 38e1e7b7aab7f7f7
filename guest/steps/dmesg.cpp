// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstddef>

#include "conditions.hpp"
#include "program_run.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

std::size_t ProgramRun::scope_start(wire::LogScope scope) const {
  switch (scope) {
    case wire::LogScope::action:
      return action_line_;
    case wire::LogScope::here:
      return first_line_;
    case wire::LogScope::start:
      break;
  }
  return 0;
}

ProgramRun::Outcome ProgramRun::act(const wire::LogCondition &condition) {
  shared::LogEvaluator evaluator(condition);
  std::size_t next = scope_start(condition.since);
  return wait_until_held(
      [&] {
        agent_.pump_log();
        const KernelLog &log = agent_.log;
        for (next = std::max(next, log.first_index()); next < log.end_index(); ++next)
          evaluator.add(log.history()[next - log.first_index()]);
        return evaluator.evaluate();
      },
      [this](Time until) { agent_.turn(until); });
}

}  // namespace kmodtest::guest
