// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/step_view.hpp"
#include "observe/reports/reports.hpp"

/// Memory that a module frees twice, as reports like those of the kernel. Most kernels notice it only if nothing else
/// was freed in between.
namespace kmodtest::judge {

/// The kind of these reports.
inline constexpr const char *kDoubleFree = "double free";

/// Returns the second frees of a case in which memory is followed (plan::needs_fault_module).
std::vector<observe::KernelReport> double_free_reports(const CaseView &view);

}  // namespace kmodtest::judge
