// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/config.hpp"

/// Kernels that are built on this machine from a distribution's kernel source.
namespace kmodtest::kernel {

/// A part of a kernel's configuration: options by name ("CONFIG_KASAN"), each with its value as a .config has it; "n"
/// for one that has to be off.
using ConfigFragment = std::map<std::string, std::string>;

/// Reads lines "CONFIG_X=VALUE" and "# CONFIG_X is not set"; a later line wins. Leaves out everything else.
ConfigFragment read_fragment(std::string_view text);

/// Returns the options of the fragment that a configuration has another value for, as "CONFIG_X=y (is n)", in the order
/// of their names: Kconfig leaves out without a word an option whose dependencies are not met.
std::vector<std::string> options_not_taken(const ConfigFragment &fragment, const KernelConfig &config);

}  // namespace kmodtest::kernel
