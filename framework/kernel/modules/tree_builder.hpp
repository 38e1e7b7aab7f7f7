// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernel/modules/build_stamp.hpp"
#include "kernel/modules/make_run.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/source_tree.hpp"

namespace kmodtest::kernel {

/// Returns the file of the module with this name, or the only file there is. Throws base::UsageError if it is not clear
/// which is meant.
std::filesystem::path choose_ko(const std::filesystem::path &source, std::vector<std::filesystem::path> files,
                                const std::string &name);

/// One build in its folder of the cache. `wish`, `kernel` and `cache` must outlive it.
class TreeBuilder {
 public:
  TreeBuilder(const BuildWish &wish, const Kernel &kernel, const std::filesystem::path &cache,
              const std::vector<std::filesystem::path> &before);

  /// Does all of it. `name`: the module that is meant; empty: all.
  TreeBuild build(const std::string &name);

  // The parts of build(), for one run of make that builds several trees.

  /// Returns the modules if the cache has them from another machine. Reads the sources.
  std::optional<TreeBuild> find_ready();
  /// To be held from begin() to end().
  std::filesystem::path lock_file() const { return base_ / (name_ + ".lock"); }
  /// Copies the sources. Returns the result if nothing has to be compiled: the last build was of the same, or the
  /// kernel is excluded. To be called after find_ready().
  std::optional<TreeBuild> begin();
  /// Checks what make has left, and notes it down as built.
  TreeBuild end(const BuildEnd &result, const std::string &name);

  /// The folder of all builds for this kernel. That of this one is in it.
  const std::filesystem::path &folder_of_builds() const { return base_; }
  const BuildPlace &place() const { return place_; }
  const SourceTree &tree() const { return tree_; }
  const SourceFiles &sources() const { return now_.files; }

 private:
  std::vector<std::filesystem::path> absolute(const std::vector<std::string> &modules) const;
  void copy(const Stamp &old) const;
  void check_way() const;
  [[noreturn]] void fail(const std::string &log, const std::string &name) const;
  std::vector<std::string> modules_built(const std::string &name) const;
  [[noreturn]] void refuse_nothing(const std::string &name) const;
  void check_kernel(const std::vector<std::filesystem::path> &modules) const;
  void check_running_kernel(const std::string &log) const;
  [[noreturn]] void refuse_other_kernel(const std::string &what) const;

  const BuildWish &wish_;
  const Kernel &kernel_;
  const std::filesystem::path &cache_;
  SourceTree tree_;
  std::filesystem::path base_;
  std::string name_;
  BuildPlace place_;
  Stamp now_;  ///< what is being built
};

}  // namespace kmodtest::kernel
