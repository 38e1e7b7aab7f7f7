// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "judge/steps/reading.hpp"
#include "observe/reports/refusals.hpp"

/// Shared parts of load and unload.
namespace kmodtest::judge {

/// Returns the contents of the file of a module under test; null for a module that is not under test.
const kernel::ModuleInfo *file_of(const StepView &view, const std::string &name);

/// Adds why the kernel refused the call: the first reason to the headline, all of them with their meaning below it.
void explain(Reading &reading, const std::vector<observe::Refusal> &refusals);

/// Returns the kernel log of this step, as dmesg prints it.
std::vector<std::string> log_details(const StepView &view);

}  // namespace kmodtest::judge
