// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <vector>

namespace kmodtest::base {

/// The file that this code is in: the program, or libkmodtest.so in somebody else's. Empty when nothing tells.
std::filesystem::path own_file();

/// Where parts of an installation may lie that `below` names relative to its prefix ("share/kmodtest"), best first: the
/// program is in PREFIX/bin, the library in PREFIX/lib or in PREFIX/lib/x86_64-linux-gnu.
std::vector<std::filesystem::path> installed_folders(const std::filesystem::path &below);

}  // namespace kmodtest::base
