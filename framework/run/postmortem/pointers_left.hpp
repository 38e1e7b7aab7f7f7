// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "judge/pointers.hpp"
#include "kernel/modules/module_info.hpp"
#include "kernel/symbols/kernel_image.hpp"
#include "observe/reports/reports.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

/// Finds the words of a paused guest's memory that point to where modules were, and the owners of these words. `gone`:
/// the ranges of modules that are unloaded. Leaves out a range that is in use again. Does not throw.
judge::PointerSearch find_pointers(vm::Inspector &guest, const kernel::KernelImage &kernel,
                                   const std::vector<observe::ModuleRange> &gone);

/// Returns the ranges with the sizes of sections, without those of which no size is known.
std::vector<observe::ModuleRange> with_sizes(std::vector<observe::ModuleRange> ranges,
                                             const std::vector<kernel::ModuleInfo> &modules);

/// Names what the words point to, by the modules' own files.
void name_targets(judge::PointerSearch &search, const std::vector<kernel::ModuleInfo> &modules);

}  // namespace kmodtest::run
