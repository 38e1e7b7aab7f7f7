// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/step_view.hpp"
#include "observe/reports/reports.hpp"

/// Memory that a module frees twice, or at an address within an object, as reports like those of the kernel. Most
/// kernels notice the first only if nothing else was freed in between, and the second not at all.
namespace kmodtest::judge {

/// The kinds of these reports.
inline constexpr const char *kDoubleFree = "double free";
inline constexpr const char *kInvalidFree = "invalid free";

/// Returns the wrong frees of a case in which memory is followed (plan::needs_fault_module).
std::vector<observe::KernelReport> wrong_free_reports(const CaseView &view);

}  // namespace kmodtest::judge
