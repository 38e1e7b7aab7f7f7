// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace kmodtest::kernel {

/// Returns "virtio_console" for "kernel/drivers/char/virtio-console.ko.xz".
std::string module_name_of(const std::filesystem::path &file);

/// modules.dep and modules.builtin of one kernel (modules.dep(5)). '-' and '_' in names are equivalent.
class ModuleIndex {
 public:
  explicit ModuleIndex(const std::filesystem::path &folder);

  bool loadable(const std::string &name) const;
  bool builtin(const std::string &name) const;

  /// Adds a module's file after those of everything that it needs; each only once. Throws base::UsageError for a module
  /// that the kernel does not have.
  void add(const std::string &name, std::vector<std::filesystem::path> &order, std::set<std::string> &done) const;

  /// Returns the names of the modules that a loadable module needs, the first to load last.
  const std::vector<std::string> &needs_of(const std::string &name) const;
  /// Returns the names of all loadable modules, ascending.
  std::vector<std::string> loadable_modules() const;

 private:
  struct Line {
    std::string file;
    std::vector<std::string> needs;
  };
  std::filesystem::path folder_;
  std::map<std::string, Line> lines_;
  std::set<std::string> builtin_;
};

/// Returns the index of a folder. It is read once, and again if its files have changed.
std::shared_ptr<const ModuleIndex> module_index(const std::filesystem::path &folder);

}  // namespace kmodtest::kernel
