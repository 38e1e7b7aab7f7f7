// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vm/snapshots/snapshot_store.hpp"

/// The contents of the user's cache, for `kmodtest cache`.
namespace kmodtest::cli {

/// A part of the cache besides the snapshots, such as "boot files". It can consist of several folders.
struct CachePart {
  std::string what;
  std::uint64_t disk_bytes = 0;
};

/// Lists all parts, including empty ones. Files that kmodtest did not make do not count.
std::vector<CachePart> cache_parts(const std::filesystem::path &cache);

/// Removes all parts (not the snapshots), except for kernels and builds that another process is using: adds those
/// to `left`, as paths below the cache. Returns the bytes freed. Throws base::Error.
std::uint64_t clear_cache_parts(const std::filesystem::path &cache, std::vector<std::string> &left);

/// Renders the snapshots as a table with a heading; times are in the local time zone.
std::string snapshot_table(const std::vector<vm::SnapshotInfo> &snapshots);

}  // namespace kmodtest::cli
