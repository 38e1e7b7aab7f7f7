// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "plan/plan.hpp"

namespace kmodtest::run {

/// What cases are made of on disk: their plans and modules. All paths are absolute and free of symbolic links, but that
/// a link itself counts like the file that it leads to.
class WatchList {
 public:
  using Cases = std::vector<std::shared_ptr<const plan::Case>>;

  /// `inputs` are those of the command line: plans, folders of plans, modules. Looks at the disk; what is not there is
  /// waited for.
  WatchList(const std::vector<std::filesystem::path> &inputs, const Cases &cases);

  /// The folders whose entries tell of every change that counts; each is there.
  const std::set<std::filesystem::path> &folders() const { return folders_; }

  /// Whether a change of this path changes what the plans say, or which there are.
  bool touches_plans(const std::filesystem::path &changed) const;
  /// The cases, by their places in `cases`, that are not what they were after a change of this path.
  std::set<std::size_t> touched(const std::filesystem::path &changed) const;
  /// Whether the path could be of something that a plan names and that is not there yet.
  bool near_plans(const std::filesystem::path &changed) const;

 private:
  /// A file, or a folder with all in it that modules are built from.
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
  std::set<std::filesystem::path> near_;          ///< folders that plans lie in
  Source plans_;
  std::vector<Source> cases_;
};

}  // namespace kmodtest::run
