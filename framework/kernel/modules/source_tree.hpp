// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// The files that a module is built from, and their copy.
namespace kmodtest::kernel {

/// What is copied for a build. All paths are absolute, with symbolic links followed.
struct SourceTree {
  std::filesystem::path root;                ///< the copy has the same layout from here on
  std::filesystem::path folder;              ///< at or below `root`: make runs in its copy
  std::vector<std::filesystem::path> parts;  ///< files and folders at or below `root`
};

/// The digest of each file's content, by its path from the root; "link:TARGET" for a link to a folder.
using SourceFiles = std::map<std::string, std::string>;

/// Returns the tree of a module's folder. `root`: the folder that is copied as a whole; empty: `folder`, with the files
/// and folders above it that its makefiles and sources name ("-I$(src)/../include"). Throws base::UsageError if
/// `folder` is not below `root`.
SourceTree find_source_tree(const std::filesystem::path &folder, const std::filesystem::path &root);

SourceFiles list_sources(const SourceTree &tree);

/// Brings the copies in `to` up to date with `now`; files that did not change keep their time, so that make does not
/// rebuild them.
void copy_sources(const SourceTree &tree, const std::filesystem::path &to, const SourceFiles &now,
                  const SourceFiles &before);

/// Returns whether make reads a file of this name.
bool is_makefile(const std::string &name);

}  // namespace kmodtest::kernel
