// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::kernel {

/// The file in a folder of the cache that records what was built there.
inline constexpr const char *kStamp = ".kmodtest-stamp";

/// Returns the folder of the cache in which a module was built; empty if kmodtest has not built it.
inline std::filesystem::path build_folder_of(const std::filesystem::path &ko) {
  std::error_code error;
  for (std::filesystem::path folder = ko.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    if (std::filesystem::exists(folder / kStamp, error)) return folder;
  return {};
}

}  // namespace kmodtest::kernel
