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

/// Where a plan may look for what it names.
struct Places {
  std::filesystem::path folder;              ///< the plan's own, absolute
  std::vector<std::filesystem::path> roots;  ///< --modules

  /// Whether a path, symbolic links followed, is below the plan's folder, its sibling ../modules, a root, or (for
  /// plans in A/B) modules/B beside A.
  bool allow(const std::filesystem::path &path) const;
};

bool is_module_name(std::string_view name);
/// "my-module" of "my-module.ko" and "my-module.ko.xz"; nothing for other names.
std::optional<std::string> module_file_stem(const std::string &file_name);

/// The plan's `module` key: all that it names, in order. Reports what is not there.
std::vector<ModuleSource> read_modules(const Node &node, const Places &places, Scope &scope);

/// A .ko or a folder with a Kbuild or Makefile; otherwise the reason.
Value<ModuleSource> module_at(const std::filesystem::path &path);

}  // namespace kmodtest::plan
