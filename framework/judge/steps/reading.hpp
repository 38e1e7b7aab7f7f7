// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_code.hpp"
#include "judge/step_view.hpp"
#include "plan/plan.hpp"
#include "shared/condition.hpp"
#include "wire/program.hpp"

/// The judge's reading of a step: one file for each kind of step. judge_step.cpp visits the step's body, so a kind
/// without a read() here does not compile.
namespace kmodtest::judge {

/// The judge's own result of a step, from what was streamed. It never relies on the agent's result.
struct Reading {
  enum class State { held, broken, unknown };
  State state = State::unknown;
  std::string why = {};  ///< one clause: the cause of the failure, or what is missing for a decision
  std::string expected = {};
  std::string seen = {};
  std::vector<std::string> details = {};
  std::string hint = {};
  std::optional<plan::Location> where = {};  ///< more exact than the step's
  base::Code code = base::Code::none;        ///< if the result is unknown
};

inline Reading reading_held() {
  return {.state = Reading::State::held};
}
inline Reading reading_broken(std::string why) {
  return {.state = Reading::State::broken, .why = std::move(why)};
}
inline Reading reading_unknown(std::string why, base::Code code = base::Code::message_missing) {
  return {.state = Reading::State::unknown, .why = std::move(why), .code = code};
}

/// How to lose no lines of the kernel log.
inline constexpr const char *kLargerLog = "log_buf_len=4M in guest.append makes the log larger";

/// The agent lets nobody write it (guest/boot.cpp), unless the kernel has pm_test.
inline constexpr const char *kSuspends = "/sys/power/state";
inline constexpr const char *kNoSuspend =
    "a guest cannot be suspended: nothing could wake it. A kernel with CONFIG_PM_DEBUG can try it: write 'devices' to "
    "/sys/power/pm_test before";

Reading read(const StepView &view, const wire::Load &load);
Reading read(const StepView &view, const wire::Unload &unload);
Reading read(const StepView &view, const wire::LogCondition &condition);
Reading read(const StepView &view, const wire::ThreadCondition &condition);
Reading read(const StepView &view, const wire::ModuleCondition &condition);
Reading read(const StepView &view, const wire::FileCondition &condition);
Reading read(const StepView &view, const wire::WriteFile &write);
Reading read(const StepView &view, const wire::RunCommand &run);
Reading read(const StepView &view, const wire::WaitCommand &wait);
Reading read(const StepView &view, const wire::Ioctl &call);
Reading read(const StepView &view, const wire::MapMemory &map);
Reading read(const StepView &view, const wire::Poll &poll);
Reading read(const StepView &view, const wire::SetCpus &wanted);
Reading read(const StepView &view, const wire::Sleep &sleep);
Reading read(const StepView &view, const wire::Repeat &repeat);
/// Reads a sched step from the trace alone: the agent only sends it.
Reading read(const StepView &view, const wire::SendTrace &send);
/// Reads a modinfo step from the modules' own files.
Reading read(const plan::ModinfoCondition &condition, const std::vector<kernel::ModuleInfo> &modules);

/// A sample of something that changes, and the reading of it.
struct Sample {
  wire::Microseconds time{0};
  shared::Evaluation evaluation;
};

/// Combines samples of a condition that had to become true in time and stay true. `held` requires the last one to hold.
Reading read_samples(const StepView &view, const std::vector<Sample> &samples);

/// Returns "3", "2..5", "at least 2".
std::string range_words(const wire::Range &range);

/// Returns "ENOENT (no such file or directory)", "success", "any error" (-1).
std::string errno_words(int error);

}  // namespace kmodtest::judge
