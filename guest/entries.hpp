// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::guest {

/// The paths under /proc, /sys and /dev that a module may make, each ended by a NUL: what an unload has to take away
/// again. Only names are read, no attributes; parts that change by themselves are left out.
std::string list_entries();

struct EntryDifference {
  std::vector<std::string> added;
  std::vector<std::string> lost;
};

/// What list_entries() said once, ready to be compared with what it says later.
class EntrySet {
 public:
  explicit EntrySet(std::string entries);
  EntryDifference compare(std::string_view entries) const;

 private:
  std::size_t find_slot(std::uint64_t hash) const;

  std::string entries_;
  std::vector<std::uint64_t> hashes_;  // open addressing; 0: free
  std::size_t mask_ = 0;
};

}  // namespace kmodtest::guest
