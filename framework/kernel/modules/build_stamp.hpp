// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kernel/modules/source_tree.hpp"

namespace kmodtest::kernel {

/// The name of the file that a build leaves in its folder of the cache.
inline constexpr const char *kStamp = ".kmodtest-stamp";

/// The last build's record. First line: settings; then one line per source file; a line "built PATH" for each module
/// once make has succeeded; a line "content KEY".
struct Stamp {
  std::string settings;  ///< digest of everything except for the sources that decides the result on this machine
  std::string content;   ///< content_key()
  SourceFiles files;
  std::vector<std::string> modules = {};  ///< relative; empty if not built

  /// Returns whether modules were built, and are all there.
  bool has_all_in(const std::filesystem::path &root) const;
};

/// Returns an empty stamp if there is no such file.
Stamp read_stamp(const std::filesystem::path &file);
void write_stamp(const std::filesystem::path &file, const Stamp &stamp);

/// Returns the folder of the cache in which a module was built; empty if kmodtest has not built it.
std::filesystem::path build_folder_of(const std::filesystem::path &ko);

}  // namespace kmodtest::kernel
