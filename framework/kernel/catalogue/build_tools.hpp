// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

namespace kmodtest::kernel {

/// Returns the programs below a kernel's unpacked build tools (usr/lib/linux-kbuild-*) that cannot start on this
/// machine, because its libraries are older than those that they were built with.
std::vector<std::filesystem::path> programs_without_libraries(const std::filesystem::path &tree);

/// Lets those programs use libraries of their own: `libraries` is a folder into which the packages of a newer suite
/// (libc6 and others) were unpacked. Each program is renamed to PROGRAM.elf, and a script of its name starts it.
void use_own_libraries(const std::filesystem::path &tree, const std::vector<std::filesystem::path> &programs,
                       const std::filesystem::path &libraries);

}  // namespace kmodtest::kernel
