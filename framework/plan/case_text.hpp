// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "plan/plan.hpp"

namespace kmodtest::plan {

/// What a case took from the run where its plan says nothing.
struct RunChoices {
  std::string kernel;  ///< of the catalogue, or "host"; empty: none is written
  Time time = Time::automatic;
};

/// The file that a module has beside case_text(): "ex7_4.ko".
std::string bundled_module(const ModuleSource &module);

/// A plan that has just this case: variables filled in, one guest, the modules as files beside it (bundled_module()).
std::string case_text(const Case &test_case, const RunChoices &choices);

}  // namespace kmodtest::plan
