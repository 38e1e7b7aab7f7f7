// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <elfutils/libdwfl.h>
#include <string>

namespace kmodtest::kernel {

/// Returns the part of a module's variable at a distance from its start, as C writes it: ".state", "[3].key"; with a
/// remaining distance: ".name+0x4". Types of the kernel's headers are not taken apart. Empty if the variable is no
/// array and no structure, or if nothing is known of it.
std::string member_at(Dwfl_Module *module, const std::string &variable, std::uint64_t distance);

}  // namespace kmodtest::kernel
