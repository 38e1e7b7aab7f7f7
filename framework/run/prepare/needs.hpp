// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// Returns the reason to skip a case on this kernel: it needs something that the kernel lacks, or might lack. Returns
/// nothing if the kernel has everything. Reads the kernel's configuration; throws base::Error if it cannot be read.
std::optional<std::string> unmet_needs(const std::vector<plan::Need> &needs, const kernel::Kernel &kernel);

/// Returns whether the kernel looks at each of its memory accesses or locks (KASAN, KCSAN, lockdep). Such a kernel is
/// several times slower. Throws base::Error if its configuration cannot be read.
bool checks_itself(const kernel::Kernel &kernel);

}  // namespace kmodtest::run
