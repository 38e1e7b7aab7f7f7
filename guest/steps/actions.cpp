// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "program_run.hpp"

/// Shared parts of the steps that do something.
namespace kmodtest::guest {
namespace {

const char *outcome_word(int error) {
  return error == 0 ? "success" : std::strerror(error);
}

}  // namespace

std::string module_parameters(const wire::ModuleToLoad &module) {
  std::string words;
  for (const auto &[key, value] : module.params) {
    const bool quote = value.find_first_of(" \t") != std::string::npos;
    if (!words.empty()) words += ' ';
    words += key + (quote ? "=\"" + value + '"' : '=' + value);
  }
  return words;
}

std::optional<JobResult> ProgramRun::do_job(const Job &job, Time deadline) {
  agent_.worker.submit(job);
  std::optional<JobResult> result = agent_.worker.take();
  bool stopped = false;
  while (!result) {
    if (agent_.cancelled() && job.kind == Job::Kind::watch && !std::exchange(stopped, true))
      agent_.worker.stop_watching();
    if (now() >= deadline) {
      hold_autopsy(agent_.worker.pid());
      agent_.worker.abandon();
      return std::nullopt;
    }
    agent_.turn(deadline);
    result = agent_.worker.take();
  }
  agent_.pump_log();
  return result;
}

/// Turns an errno into an outcome. `expected`: see wire::is_expected_errno().
ProgramRun::Outcome ProgramRun::judge_error(const std::string &what, int error, int expected) const {
  if (wire::is_expected_errno(error, expected)) return StepOutcome{};
  const std::string wanted = expected == wire::kAnyErrno ? "an error" : outcome_word(expected);
  return StepOutcome{wire::StepResult::refused, what + " gave " + outcome_word(error) + ", expected " + wanted};
}

}  // namespace kmodtest::guest
