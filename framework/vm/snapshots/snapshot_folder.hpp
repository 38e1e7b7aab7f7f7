// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/descriptor.hpp"
#include "vm/snapshots/snapshot_store.hpp"

/// The folder of one snapshot: opened and checked, or filled. SnapshotStore says which there are.
namespace kmodtest::vm {

/// A snapshot as it was found. The descriptors lead to it even when it is moved or unlinked meanwhile.
struct FoundSnapshot {
  SnapshotInfo info;
  base::Descriptor manifest;
  base::Descriptor state;
  std::uint64_t device = 0;  ///< of the folder
  std::uint64_t inode = 0;   ///< of the folder; 0: it could not be opened
};

/// Whether `path` is still the folder that was opened.
bool is_at(const FoundSnapshot &found, const std::filesystem::path &path);

/// Nothing when there is none. Checks all but the bytes of the state; `info.damage` says what is wrong. Throws
/// base::Error when the machine lacks something for a moment (descriptors, memory), which is no damage.
std::optional<FoundSnapshot> find_snapshot(const std::filesystem::path &path);

/// What went wrong while a folder was filled; errno, 0: nothing.
struct FillErrors {
  int read_error = 0;
  int write_error = 0;
};

/// Writes state (a copy of the file `from`) and manifest into an empty folder; completes `info`.
FillErrors fill_snapshot(const std::filesystem::path &folder, int from, SnapshotInfo info);

}  // namespace kmodtest::vm
