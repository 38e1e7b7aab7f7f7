// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <elfutils/libdw.h>
#include <string>
#include <vector>

#include "kernel/symbols/inlined_call.hpp"

namespace kmodtest::kernel {

/// Returns the inlined calls of the function that contains an address, in the order of the debug information.
std::vector<InlinedCall> inlined_calls(Dwarf_Die &unit, Dwarf_Addr address);

/// Returns the text of a statement: the line with this number (from 1), and the lines around it up to the ends of the
/// statements before and after; a blank between two lines. Empty if there is no such line.
std::string statement_at(const std::vector<std::string> &lines, std::size_t number);

}  // namespace kmodtest::kernel
