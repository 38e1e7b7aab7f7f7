// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/catalogue/apt.hpp"
#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// Unpacks a Debian package, or an RPM, below a folder. Throws base::Error that names the package.
void unpack_package(const std::filesystem::path &package, const std::filesystem::path &to);

/// Makes a kernel's files, unpacked below one folder as its packages have them (boot/, lib/modules/, usr/src/), usable
/// wherever that folder is: packages expect to be unpacked into /. Absolute links become relative, and the headers'
/// Makefiles include each other by their own place.
void make_relocatable(const std::filesystem::path &tree);

/// Finds the kernel in such a folder. `packages` names where it is from, for messages. Throws base::Error if there is
/// no image, or no modules that match it. Without headers, Kernel::headers is empty.
Kernel find_kernel(const std::filesystem::path &tree, const std::string &packages);

/// Runs depmod for a kernel in such a folder. Throws base::Error.
void make_module_index(const std::filesystem::path &tree, const std::string &release);

/// Writes what find_kernel() found into the tree, and what it was made of.
void write_manifest(const std::filesystem::path &tree, const std::string &origin, const std::vector<Package> &packages,
                    const Kernel &kernel);

/// Returns the kernel of a tree that has a manifest and is complete; nothing for a damaged or incomplete one, and for
/// one of another origin.
std::optional<Kernel> read_manifest(const std::filesystem::path &tree, const std::string &origin);

}  // namespace kmodtest::kernel
