// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace kmodtest::guest {

/// The head of a record of getdents64(2); the name follows.
struct FolderEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;  ///< DT_DIR …
};
inline constexpr std::size_t kEntryNameOffset = 19;

/// Returns the records of an open folder, from its beginning. Nothing if it cannot be read: it can be a removed one.
std::optional<std::string> read_folder(int folder);

/// Calls `visit(entry, name)` for each of these records except for "." and "..". Costs a fraction of readdir(3).
template <class Visit>
void for_each_entry(const std::string &records, Visit visit) {
  for (std::size_t at = 0; at < records.size();) {
    FolderEntry entry;
    std::memcpy(&entry, records.data() + at, sizeof entry);
    const char *name = records.data() + at + kEntryNameOffset;
    at += entry.length;
    if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
    visit(entry, name);
  }
}

}  // namespace kmodtest::guest
