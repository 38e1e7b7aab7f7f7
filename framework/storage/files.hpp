// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.hpp"

/// Files of the cache: read whole, written whole or not at all, locked against other processes.
namespace kmodtest::storage {

/// Throws base::Error that names the file.
std::string read_whole_file(const std::filesystem::path &file);

/// Writes a temporary file beside `file` and renames it. Throws base::Error; says so when the disk is full.
void write_whole_file(const std::filesystem::path &file, std::string_view bytes);

/// Makes the folder with its parents. Throws base::Error that names it.
void make_folder(const std::filesystem::path &folder);

/// Removes a folder and all below it, if it is there. Throws base::Error that names it.
void remove_folder(const std::filesystem::path &folder);

/// What the files at and below `path` take on the disk (st_blocks; folders and what links lead to do not count). What
/// cannot be read counts as nothing. Never throws for the file system's sake.
std::uint64_t disk_usage(const std::filesystem::path &path);

/// Holds flock(2) on a file, made when missing, until destroyed; the kernel lets go when the process dies.
/// Waits while another process or thread holds it. Whoever holds it may remove the file.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path &file);
  /// Nothing when another process or thread holds it.
  static std::unique_ptr<FileLock> try_take(const std::filesystem::path &file);
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;

 private:
  explicit FileLock(base::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

  base::Descriptor descriptor_;
};

}  // namespace kmodtest::storage
