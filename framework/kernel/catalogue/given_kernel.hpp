// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// A kernel that the user names by what there is of it, and not by a name of the catalogue.
struct GivenKernel {
  enum class Kind : char {
    host,      ///< the one that runs here
    image,     ///< a bzImage; its modules and headers have places of their own
    tree,      ///< the folder in which a kernel was built
    unpacked,  ///< a folder into which a kernel's packages were unpacked
    packages,  ///< .deb or .rpm files
  };
  Kind kind = Kind::image;
  std::filesystem::path path;                   ///< absolute; of the image or the folder, or the first package
  std::vector<std::filesystem::path> packages;  ///< all that belong together
};

/// Recognises what a user gives for a kernel. Returns nothing if it can only be a name of the catalogue: it has no '/'
/// and there is no such file. Throws base::UsageError for a folder that has no kernel.
std::optional<GivenKernel> look_at(const std::string &name_or_path);

/// Returns what identifies the content of a kernel that has to be copied into the cache (tree, unpacked, packages): it
/// changes with the sizes and times of its files.
std::string origin_of(const GivenKernel &given);

/// Copies such a kernel below `tree`, as a package would have it there. Throws base::Error.
void copy_into(const std::filesystem::path &tree, const GivenKernel &given);

}  // namespace kmodtest::kernel
