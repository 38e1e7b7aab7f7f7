// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// The reason to skip a case on this kernel: what it needs and the kernel does not have, or may not have. Nothing when
/// the kernel has it all. Reads the kernel's configuration; throws base::Error when that cannot be read.
std::optional<std::string> unmet_needs(const std::vector<plan::Need> &needs, const kernel::Kernel &kernel);

}  // namespace kmodtest::run
