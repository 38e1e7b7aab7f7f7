// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/modules/source_tree.hpp"

/// Modules that another machine has built (kmodtest pack). They are found by what they were made from, wherever the
/// sources are here, and need neither headers nor a compiler.
namespace kmodtest::kernel {

struct BuildWish;
struct Kernel;

/// Returns a digest of what a build is made from: the sources, the kernel, the flags, the symbols of other modules. It
/// does not depend on any folder's place, nor on the compiler's version. `symvers` are files.
std::string content_key(const BuildWish &wish, const Kernel &kernel, const SourceTree &tree, const SourceFiles &sources,
                        const std::vector<std::filesystem::path> &symvers);

/// Returns the modules of a ready build of this key in the cache; nothing if there is none.
std::optional<std::vector<std::filesystem::path>> ready_modules(const std::filesystem::path &cache,
                                                                const std::string &key);

/// A build as it travels to other machines.
struct ReadyBuild {
  std::string place;                         ///< in the cache: "ready/KEY"
  std::filesystem::path folder;              ///< where it is on this machine
  std::vector<std::filesystem::path> files;  ///< relative to both folders; the first one is the build's stamp
};

/// Returns the build that has made a module; nothing if the module was not built by kmodtest.
std::optional<ReadyBuild> ready_build_of(const std::filesystem::path &ko);

}  // namespace kmodtest::kernel
