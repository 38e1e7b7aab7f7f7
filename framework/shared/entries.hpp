// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::shared {

/// Paths that only one of two lists of entries has.
struct EntryDifference {
  std::vector<std::string> added;
  std::vector<std::string> lost;
};

/// Compares two lists of entries. A list has, for each folder, its path, the names in it, and an empty name, each ended
/// by a NUL; a folder is in a list once. Lists that are mostly equal are compared quickly.
EntryDifference compare_entries(std::string_view before, std::string_view after);

}  // namespace kmodtest::shared
