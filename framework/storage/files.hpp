// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"

/// Files of the cache: read as a whole, written completely or not at all, locked against other processes.
namespace kmodtest::storage {

/// Returns the content of a file. Throws base::Error that names the file.
std::string read_whole_file(const std::filesystem::path &file);

/// Writes a temporary file next to `file` and renames it. Throws base::Error; the message says if the disk is full.
void write_whole_file(const std::filesystem::path &file, std::string_view bytes);

/// Creates the folder and its parents. Throws base::Error that names it.
void make_folder(const std::filesystem::path &folder);

/// Removes a folder and everything below it, if it exists. Throws base::Error that names it.
void remove_folder(const std::filesystem::path &folder);

/// Returns the disk space of the files at and below `path` (st_blocks; folders and targets of links do not count).
/// Files that cannot be read count as empty. Never throws because of the file system.
std::uint64_t disk_usage(const std::filesystem::path &path);

/// Holds flock(2) on a file, created if missing, until destroyed; the kernel releases it when the process dies. Waits
/// while another process or thread holds it. The holder is allowed to remove the file.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path &file);
  /// Returns nothing if another process or thread holds the lock.
  static std::unique_ptr<FileLock> try_take(const std::filesystem::path &file);
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;

 private:
  explicit FileLock(base::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  base::Descriptor descriptor_;
};

}  // namespace kmodtest::storage
