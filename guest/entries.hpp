// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::guest {

/// Returns the paths under /proc, /sys and /dev that a module can create, each ended by a NUL: an unload must remove
/// them again. Reads only names, no attributes; leaves out parts that change on their own.
std::string list_entries();

struct EntryDifference {
  std::vector<std::string> added;
  std::vector<std::string> lost;
};

/// An earlier result of list_entries(), ready to be compared with a later one.
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
