// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "kernel/modules/module_info.hpp"

namespace kmodtest::kernel {

/// Returns the modules that a module names as loaded before it: `depends`, and what its `softdep` has after "pre:".
std::vector<std::string> named_needs(const ModuleInfo &module);

}  // namespace kmodtest::kernel
