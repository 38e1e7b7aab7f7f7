// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kmodtest::guest {

/// Lists what a module can create under /proc, /sys and /dev, for shared::compare_entries(): an unload must remove it
/// again. Reads only names, no attributes; leaves out parts that change on their own. Keeps the folders open, so that
/// the second list costs half of the first one, and a file system that is mounted over them hides nothing.
class EntryLister {
 public:
  EntryLister();
  ~EntryLister();
  std::string list();

 private:
  struct Root;
  struct Folder;
  static const Root kRoots[];  // NOLINT(bugprone-dynamic-static-initializers): of constants only

  void list(int parent, const char *name, int depth, Folder &folder);
  bool is_unchanged(const Folder &folder) const;
  bool open(int parent, const char *name, int depth, Folder &folder) const;

  std::vector<Folder> roots_;
  std::string entries_;
  std::string path_;
  const Root *root_ = nullptr;
};

}  // namespace kmodtest::guest
