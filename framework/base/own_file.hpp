// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

namespace kmodtest::base {

/// Returns the file that contains this code: the program, or libkmodtest.so in another program. Empty if it is unknown.
std::filesystem::path own_file();

/// Returns where an installation might keep `below`, a path relative to its prefix ("share/kmodtest"), best first. The
/// program is in PREFIX/bin, the library in PREFIX/lib or PREFIX/lib/x86_64-linux-gnu.
std::vector<std::filesystem::path> installed_folders(const std::filesystem::path &below);

}  // namespace kmodtest::base
