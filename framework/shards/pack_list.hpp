// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/guests/provisions.hpp"

/// What one machine's cache has for another one: a list of entries and their files, with checksums.
namespace kmodtest::shards {

/// A file of an entry, or a symbolic link in it.
struct PackFile {
  std::string name{};      ///< in the entry; empty: the entry is this file
  std::uint32_t mode = 0;  ///< permissions
  std::uint64_t size = 0;  ///< as read, holes included
  std::string sha256{};    ///< of the content; empty for a link
  std::string link{};      ///< what a symbolic link contains
};

/// A file or a folder of the cache.
struct PackEntry {
  std::string name;                           ///< in the cache: "snapshots/KEY"
  std::string marker;                         ///< the file of it by which two machines compare it
  std::string marker_sha256;                  ///< of that file
  std::uint64_t disk_bytes = 0;               ///< on the disk
  std::vector<PackFile> files{};              ///< see list_files()
  std::filesystem::path from{};               ///< where it is on this machine; is not part of a list's text
  std::vector<std::filesystem::path> only{};  ///< these files of it; empty: all. Is not part of a list's text
};

struct PackList {
  std::string program;  ///< version of kmodtest
  std::string qemu;     ///< version of the QEMU that has made the snapshots; empty: there are none
  std::string agent;    ///< checksum of the program that runs in the guests
  std::string busybox;  ///< checksum of their busybox
  std::vector<PackEntry> entries;

  std::uint64_t disk_bytes() const;
};

/// Returns a list of the entries, without their files. Throws base::Error if one cannot be read.
PackList list_entries(const run::Provisions &provisions, const std::string &version);

/// Reads the files of an entry, and fills in their list. Throws base::Error if one cannot be read.
void list_files(PackEntry &entry);

/// Returns the place of a file on the machine that has listed it.
std::filesystem::path place_of(const PackEntry &entry, const PackFile &file);

/// Returns whether a folder, such as a cache, has the entry with the same content, as far as its marker tells.
bool has_entry(const std::filesystem::path &folder, const PackEntry &entry);

std::string pack_list_text(const PackList &list);
/// Returns nothing if the text is not a list of a format that this version reads, or has a name that leads out of the
/// cache.
std::optional<PackList> parse_pack_list(std::string_view text);

}  // namespace kmodtest::shards
