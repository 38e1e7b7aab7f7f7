// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "plan/plan.hpp"

namespace kmodtest::run {

/// The files that cases are made from: their plans and modules. All paths are absolute and free of symbolic links,
/// except that a link itself counts like the file that it leads to.
class WatchList {
 public:
  using Cases = std::vector<std::shared_ptr<const plan::Case>>;

  /// Reads the file system. `inputs` are those of the command line: plans, folders of plans, modules. Missing ones are
  /// waited for.
  WatchList(const std::vector<std::filesystem::path> &inputs, const Cases &cases);

  /// Returns the folders whose entries show every change that matters; each exists.
  const std::set<std::filesystem::path> &folders() const { return folders_; }

  /// Returns whether a change of this path changes the content of the plans, or which ones exist.
  bool touches_plans(const std::filesystem::path &changed) const;
  /// Returns the cases, by their places in `cases`, that a change of this path affects.
  std::set<std::size_t> touched(const std::filesystem::path &changed) const;
  /// Returns whether the path could belong to something that a plan names and that does not exist yet.
  bool near_plans(const std::filesystem::path &changed) const;

 private:
  /// A file, or a folder with everything that modules are built from.
  struct Source {
    std::set<std::filesystem::path> files;
    std::set<std::filesystem::path> trees;
    bool touched_by(const std::filesystem::path &changed) const;
  };

  void add_file(Source &source, const std::filesystem::path &file);
  void add_tree(Source &source, const std::filesystem::path &tree);
  void watch(const std::filesystem::path &folder);

  std::set<std::filesystem::path> folders_;
  std::set<std::filesystem::path> plan_folders_;  ///< every plan in them is one of the run
  std::set<std::filesystem::path> near_;          ///< folders that contain plans
  Source plans_;
  std::vector<Source> cases_;
};

}  // namespace kmodtest::run
