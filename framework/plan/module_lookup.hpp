// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// The folders in which a plan can name files.
struct Places {
  std::filesystem::path folder;              ///< the plan's own, absolute
  std::vector<std::filesystem::path> roots;  ///< --modules

  /// Returns whether a path, symbolic links followed, is below the plan's folder, its sibling ../modules, a root, or
  /// (for plans in A/B) modules/B next to A.
  bool allow(const std::filesystem::path &path) const;
};

bool is_module_name(std::string_view name);
/// Returns "my-module" for "my-module.ko" and "my-module.ko.xz"; nothing for other names.
std::optional<std::string> module_file_stem(const std::string &file_name);

/// Reads the plan's `module` key and returns all modules that it names, in order. Reports missing ones. A module of
/// `instead` stands in for the one with its name, wherever it is.
std::vector<ModuleSource> read_modules(const Node &node, const Places &places, Scope &scope,
                                       const std::vector<Implementation> &instead = {});

/// Returns each choice of implementations for the modules that the `module` key names, one of each module that has
/// any; one empty choice if none has.
std::vector<std::vector<Implementation>> implementation_choices(const Node &node,
                                                                const std::vector<Implementation> &all);

/// Returns the module of a .ko or of a folder with a Kbuild, Makefile or dkms.conf; otherwise the reason why there is
/// none. A folder whose name no module can have has the name of the only module in its makefile.
Value<ModuleSource> module_at(const std::filesystem::path &path);
/// Returns the same for a module whose name is known.
Value<ModuleSource> named_module_at(const std::filesystem::path &path, const std::string &name);

}  // namespace kmodtest::plan
