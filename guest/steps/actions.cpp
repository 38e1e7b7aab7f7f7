// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>

#include "program_run.hpp"
#include "sample.hpp"
#include "shared/procfs.hpp"

/// Shared parts of the steps that do something.
namespace kmodtest::guest {
namespace {

const char *outcome_word(int error) {
  return error == 0 ? "success" : std::strerror(error);
}

std::optional<wire::ModuleRecord> find_module(const std::string &name) {
  for (wire::ModuleRecord &module : list_modules())
    if (module.name == name) return std::move(module);
  return std::nullopt;
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
  while (!result) {
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

// One unit with the files of these steps: guest time counts the agent's instructions, and the compiler makes other ones
// of functions that it sees apart, or in another order. With the order of includes and functions below the agent is the
// same to the last byte as before the steps had files of their own.
// clang-format off
#include "load.cpp"    // NOLINT(bugprone-suspicious-include)
#include "unload.cpp"  // NOLINT(bugprone-suspicious-include)
#include "write.cpp"   // NOLINT(bugprone-suspicious-include)
#include "cpu.cpp"     // NOLINT(bugprone-suspicious-include)
#include "sleep.cpp"   // NOLINT(bugprone-suspicious-include)
#include "run.cpp"     // NOLINT(bugprone-suspicious-include)
// clang-format on
