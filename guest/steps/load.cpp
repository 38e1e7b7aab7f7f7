// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "program_run.hpp"
#include "sample.hpp"

namespace kmodtest::guest {
namespace {

std::optional<wire::ModuleRecord> find_module(const std::string &name) {
  for (wire::ModuleRecord &module : list_modules())
    if (module.name == name) return std::move(module);
  return std::nullopt;
}

}  // namespace

ProgramRun::Outcome ProgramRun::act(const wire::Load &load) {
  has_loaded_ = true;
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    const wire::ModuleToLoad &module = load.modules[i];
    const auto result = do_job(Job(Job::Kind::load, module.path, module_parameters(module)), deadline_);
    if (!result) return expired("loading " + module.name + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that loaded " + module.name + " was killed"};
    wire::Loaded loaded{index_, module.name, result->error, result->took, {}, result->busy};
    busy_ += result->busy;
    if (result->error == 0) loaded.record = find_module(module.name);
    agent_.report(loaded);
    const bool last = i + 1 == load.modules.size();
    Outcome outcome = judge_error("loading " + module.name, result->error, last ? load.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

}  // namespace kmodtest::guest
