// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "kernel/modules/module_info.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// Returns the case with the command line's parameters in each of its steps that loads modules. They replace those of
/// the plan with the same name. Throws base::UsageError if no module has one of them.
plan::Case with_parameters(plan::Case test_case, const std::vector<kernel::ModuleInfo> &modules);

}  // namespace kmodtest::run
