// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "shards/pack_list.hpp"

/// A pack: one archive with what a run needs from the cache (kernels, built modules, snapshots), for machines that then
/// download, build and boot nothing. It begins with its list; each content is in it once.
namespace kmodtest::shards {

/// Writes a pack, and fills in the files of the list. Throws base::Error.
void write_pack(PackList &list, const std::filesystem::path &file);

/// What has become of a pack.
struct Unpacked {
  PackList list;
  std::size_t placed = 0;  ///< entries that were not there
};

/// Puts everything into the cache that is not there already; nothing if anything is wrong. Throws base::UsageError if
/// this is not a pack, or one of another version of kmodtest; base::Error: it is damaged or cut off, the disk is full.
Unpacked unpack(const std::filesystem::path &file, const std::filesystem::path &cache, const std::string &version);

/// Returns why guests are booted here nevertheless, and cases can have other digests than where the list was made;
/// empty: they are not. `qemu` is the version here.
std::vector<std::string> differences(const PackList &list, const std::string &qemu);

}  // namespace kmodtest::shards
