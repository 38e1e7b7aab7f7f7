// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vm/snapshots/snapshot_store.hpp"

/// What lies in the user's cache, for `kmodtest cache`.
namespace kmodtest::cli {

/// "0 B", "67.5 MiB": binary units, one digit after the point.
std::string human_size(std::uint64_t bytes);

/// A part of the cache apart from the snapshots, e.g. "boot files"; it may lie in several folders.
struct CachePart {
  std::string what;
  std::uint64_t disk_bytes = 0;
};

/// All parts, also those that take nothing. What is not of kmodtest's making does not count.
std::vector<CachePart> cache_parts(const std::filesystem::path &cache);

/// Removes all parts (not the snapshots), but for kernels and builds that another process is at work on: adds those
/// to `left`, as paths below the cache. Returns the bytes freed. Throws base::Error.
std::uint64_t clear_cache_parts(const std::filesystem::path &cache, std::vector<std::string> &left);

/// The snapshots as a table with a heading, times in the machine's own time zone.
std::string snapshot_table(const std::vector<vm::SnapshotInfo> &snapshots);

}  // namespace kmodtest::cli
