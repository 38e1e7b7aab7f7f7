// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace kmodtest::plan {

/// The file of a case's schedule, next to the plan of case_text().
inline constexpr const char *kBundledSchedule = "schedule.txt";

/// The run's choices that a case used where its plan leaves them open.
struct RunChoices {
  std::string kernel;  ///< of the catalogue, or "host"; empty: none is written
  Time time = Time::automatic;
};

/// Returns the name of a module's file next to case_text(): "ex7_4.ko".
std::string bundled_module(const ModuleSource &module);

/// Returns a plan that has just this case: variables filled in, one guest, the modules as files next to it
/// (bundled_module()).
std::string case_text(const Case &test_case, const RunChoices &choices);

}  // namespace kmodtest::plan
