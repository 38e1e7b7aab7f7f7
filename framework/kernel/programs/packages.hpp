// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/notice_sink.hpp"
#include "kernel/catalogue/apt.hpp"

/// Distribution packages in a guest: their programs, and all that these need.
namespace kmodtest::kernel {

/// The files of some packages, in the cache.
struct PackageFiles {
  std::filesystem::path archive;  ///< newc cpio, to be unpacked at the guest's /
  std::string digest;             ///< of the archive
  std::uint64_t bytes = 0;        ///< of the archive
};

/// Fetches packages by the machine's own apt, with all that they depend on, and unpacks them. Nothing is installed, and
/// no program or script of a package runs.
class PackageStore {
 public:
  /// `notices` must outlive the store.
  PackageStore(std::filesystem::path cache, base::NoticeSink &notices);

  /// Returns the files of the packages. What the cache has is used as it is, without apt; several processes can ask for
  /// the same. Throws base::UsageError if apt knows no such package, base::Error if there is no apt, no network or no
  /// space.
  PackageFiles fetch(std::vector<std::string> names) const;

 private:
  std::filesystem::path cache_;
  base::NoticeSink *notices_;
};

/// Returns an initramfs in the cache that has the files of `initramfs` and those of the packages; makes it if it is
/// missing.
std::filesystem::path initramfs_with(const std::filesystem::path &initramfs, const PackageFiles &packages,
                                     const std::filesystem::path &cache);

/// A link of update-alternatives(1).
struct Alternative {
  std::string target;
  int priority = 0;
};

/// Reads the links that a package's script would make by update-alternatives, by their paths. The script is not run:
/// words with variables of the shell are left out.
std::map<std::string, Alternative> read_alternatives(const std::string &script);

/// A package that was unpacked.
struct UnpackedPackage {
  Package package;
  std::filesystem::path tree;    ///< as the package has its files, below /
  std::filesystem::path script;  ///< its postinst; may be missing
  bool is_named = false;         ///< asked for, not only a dependency
};

/// Makes the archive of the packages' files. Leaves out documentation, and files that the agent has at the same path.
/// From dependencies that every Debian system has, and from the C library, it takes only the shared libraries that the
/// other files need. Moves the files out of the packages' trees into `work`.
std::string archive_of_packages(const std::vector<UnpackedPackage> &packages, const std::filesystem::path &work);

}  // namespace kmodtest::kernel
