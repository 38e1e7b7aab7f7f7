// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernel/modules/module_index.hpp"

/// Modules of the kernel that code in the guest can request by a name: request_module(), modprobe.
namespace kmodtest::kernel {

/// A part of the kernel's modules, as modprobe needs it.
struct ModuleSelection {
  std::vector<std::filesystem::path> files;  ///< in loading order
  std::string dependencies;                  ///< a modules.dep for them, with all files in one folder
  std::string aliases;                       ///< their modules.alias
  std::string builtin;                       ///< a modules.builtin with what the names ask for

  bool empty() const { return files.empty() && builtin.empty(); }
};

inline constexpr std::uintmax_t kMostRequestable = 8u << 20;

/// The names and aliases of a kernel's modules (modules.alias, modules.softdep).
class RequestableModules {
 public:
  explicit RequestableModules(const std::filesystem::path &modules_dir);

  /// Returns the modules that can be requested by one of `names`, and what they need. A name is a module's name, an
  /// alias, the end of an alias (the kernel requests "fs-vfat" for "vfat", "crypto-sha512" for "sha512") or of a name
  /// that the kernel completes ("kmp" of "ts_kmp"), or a printf format for one ("net-pf-%d"). Leaves out those with
  /// which all together would have more than kMostRequestable bytes: a driver for graphics has 18 MiB, and a name in a
  /// text is only a guess.
  ModuleSelection named_by(const std::vector<std::string> &names) const;

 private:
  struct Alias {
    std::string pattern;  ///< a glob
    std::string module;
  };
  std::vector<std::string> modules_for(const std::string &name) const;
  void add_wished(const std::string &module, std::vector<std::string> &wanted) const;

  std::shared_ptr<const ModuleIndex> index_;
  std::vector<Alias> aliases_;
  std::vector<std::pair<std::string, std::string>> wishes_;  ///< softdep: a module and a name
};

/// Returns the parts of a text or a command that can be names of modules: "mount -t vfat" has "mount" and "vfat".
std::vector<std::string> possible_names(const std::string &text);

}  // namespace kmodtest::kernel
