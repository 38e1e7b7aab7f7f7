// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/descriptor.hpp"
#include "vm/snapshots/snapshot_store.hpp"

/// The folder of one snapshot: opening and checking it, or filling it. SnapshotStore knows which ones exist.
namespace kmodtest::vm {

/// A snapshot that was found. The descriptors still lead to it if it is moved or unlinked meanwhile.
struct FoundSnapshot {
  SnapshotInfo info;
  base::Descriptor manifest;
  base::Descriptor state;
  base::Descriptor memory;   ///< empty: the memory is part of the state
  std::uint64_t device = 0;  ///< of the folder
  std::uint64_t inode = 0;   ///< of the folder; 0: it could not be opened
};

/// Returns whether `path` is still the folder that was opened.
bool is_at(const FoundSnapshot &found, const std::filesystem::path &path);

/// Opens a snapshot; returns nothing if there is none. Checks everything except for the bytes of the state;
/// `info.damage` describes the damage. Throws base::Error if the machine is temporarily out of descriptors or memory,
/// which is not damage.
std::optional<FoundSnapshot> find_snapshot(const std::filesystem::path &path);

/// The errors of filling a folder; errno, 0: none.
struct FillErrors {
  int read_error = 0;
  int write_error = 0;
  bool of_memory = false;  ///< the memory's file could not be read, not the state's
};

/// Open files of a guest's state.
struct OpenState {
  int state = -1;
  int memory = -1;  ///< -1: the memory is part of the state
};

/// Writes copies of the files, and a manifest, into an empty folder; completes `info`.
FillErrors fill_snapshot(const std::filesystem::path &folder, const OpenState &from, SnapshotInfo info);

}  // namespace kmodtest::vm
