// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::kernel {

struct Kernel;

/// Returns the symbols that modpost reports as undefined in the output of a build.
std::vector<std::string> undefined_symbols(std::string_view output);

/// Returns the functions that no header declares: those of a subsystem that the kernel was configured without, or those
/// of other versions.
std::vector<std::string> undeclared_functions(std::string_view output);

/// Returns that the kernel was configured without the subsystems that these symbols and functions belong to, as a
/// sentence without a full stop; empty if it was not.
std::string hint_for_missing(const std::vector<std::string> &symbols, const Kernel &kernel);

}  // namespace kmodtest::kernel
