// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "judge/evidence.hpp"
#include "judge/step_view.hpp"
#include "shared/condition.hpp"

/// Expectations: one file per kind of step, one line per kind in the table of expectation.cpp.
namespace kmodtest::judge {

/// What the judge itself makes of what was streamed of a step. It never takes the agent's word for it.
struct Reading {
  enum class State { held, broken, unknown };
  State state = State::unknown;
  std::string why;  ///< one clause: what broke it, or what is missing to tell
  std::string expected;
  std::string seen;
  std::vector<std::string> details;
  std::string hint;
  std::optional<plan::Location> where;  ///< more exact than the step's
  base::Code code = base::Code::none;   ///< of one that is unknown
};

inline Reading reading_held() {
  return {Reading::State::held, {}, {}, {}, {}, {}, {}};
}
inline Reading reading_broken(std::string why) {
  return {Reading::State::broken, std::move(why), {}, {}, {}, {}, {}};
}
inline Reading reading_unknown(std::string why, base::Code code = base::Code::report_missing) {
  return {Reading::State::unknown, std::move(why), {}, {}, {}, {}, {}, code};
}

/// An outcome that is not Passed, and why.
struct Finding {
  Outcome outcome = Outcome::errored;
  Evidence evidence;
};

Reading read_load(const StepView &view);
Reading read_unload(const StepView &view);
Reading read_dmesg(const StepView &view);
Reading read_ps(const StepView &view);
Reading read_lsmod(const StepView &view);
Reading read_file(const StepView &view);
Reading read_write(const StepView &view);
Reading read_run(const StepView &view);
Reading read_cpu(const StepView &view);
Reading read_sleep(const StepView &view);
Reading read_repeat(const StepView &view);
/// From the trace alone: the agent only sends it.
Reading read_sched(const StepView &view);
/// Of a modinfo step, from the modules' own files.
Reading read_modinfo(const plan::Step &step, const std::vector<kernel::ModuleInfo> &modules);

/// The judge's reading of a guest step and the agent's word together: nothing when both say that it held.
std::optional<Finding> judge_guest_step(const CaseView &view, std::size_t case_index);
std::optional<Finding> judge_modinfo_step(const CaseView &view, std::size_t case_index);

/// An Evidence that names the step.
Evidence evidence_of(const CaseView &view, std::size_t case_index);

/// A sample of something that changes, and what it was worth.
struct Sample {
  wire::Microseconds time{0};
  shared::Evaluation evaluation;
};

/// What samples say of a condition that had to become true in time and to stay so. `held` needs the last one to hold.
Reading read_samples(const StepView &view, const std::vector<Sample> &samples);

/// "3", "2..5", "at least 2".
std::string range_words(const wire::Range &range);

/// "ENOENT (no such file or directory)", "success", "any error" (-1).
std::string errno_words(int error);

}  // namespace kmodtest::judge
