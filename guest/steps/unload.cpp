// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "program_run.hpp"
#include "sample.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::Unload &unload) {
  for (std::size_t i = 0; i < unload.modules.size(); ++i) {
    const std::string &module = unload.modules[i];
    const auto result = do_job(Job(Job::Kind::unload, module, {}, unload.force), deadline_);
    if (!result) return expired("unloading " + module + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that unloaded " + module + " was killed"};
    agent_.report(wire::Unloaded{index_, module, result->error, result->took, result->busy});
    busy_ += result->busy;
    if (unload.added && (result->error == ENOENT || result->error == EBUSY)) continue;
    const bool last = i + 1 == unload.modules.size();
    const Outcome outcome = judge_error("unloading " + module, result->error, last ? unload.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

void ProgramRun::unload_requested() {
  constexpr Time kDeadline{10'000'000};
  const auto is_known = [this](const std::string &name) {
    const auto has = [&](const std::vector<std::string> &names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    return has(baseline_modules_) || has(program_.modules);
  };
  // Each round removes those that only the ones before used.
  for (bool again = true; again;) {
    again = false;
    for (const wire::ModuleRecord &module : list_modules()) {
      if (module.users != 0 || is_known(module.name)) continue;
      const auto result = do_job(Job(Job::Kind::unload, module.name), later(now(), kDeadline));
      if (!result || result->died) return;
      again = again || result->error == 0;
    }
  }
}

}  // namespace kmodtest::guest
