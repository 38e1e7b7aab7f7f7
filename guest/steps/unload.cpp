// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <string>

#include "program_run.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::Unload &unload) {
  for (std::size_t i = 0; i < unload.modules.size(); ++i) {
    const std::string &module = unload.modules[i];
    const auto result = do_job(Job(Job::Kind::unload, module, {}, unload.force), deadline_);
    if (!result) return expired("unloading " + module + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that unloaded " + module + " was killed"};
    agent_.report(wire::Unloaded{index_, module, result->error, result->took});
    const bool last = i + 1 == unload.modules.size();
    const Outcome outcome = judge_error("unloading " + module, result->error, last ? unload.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

}  // namespace kmodtest::guest
