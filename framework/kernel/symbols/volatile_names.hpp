// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <elfutils/libdwfl.h>
#include <functional>
#include <set>
#include <string>

namespace kmodtest::kernel {

/// Returns the names of the variables and members that a module's own sources declare as volatile, or as pointers to
/// volatile memory. Those of the kernel's headers are left out.
std::set<std::string, std::less<>> volatile_names(Dwfl_Module *module);

}  // namespace kmodtest::kernel
