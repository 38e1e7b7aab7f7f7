// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_code.hpp"

/// Folders and archives (.tar.zst) with the same files, read in one way.
namespace kmodtest::shards {

/// Returns whether a path names an archive by its end: ".tar.zst".
bool is_archive_name(const std::filesystem::path &path);

/// An archive that appears as a whole: a .tar, compressed if its name ends in .tar.zst. All functions throw base::Error
/// that names the archive if it cannot be written.
class ArchiveWriter {
 public:
  explicit ArchiveWriter(const std::filesystem::path &file);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter &) = delete;
  ArchiveWriter &operator=(const ArchiveWriter &) = delete;

  /// Adds the file `path` under a name. Throws base::Error if it cannot be read.
  void add_file(const std::filesystem::path &name, const std::filesystem::path &path);
  void add_text(const std::filesystem::path &name, std::string_view text);
  void finish();

 private:
  struct Output;
  std::unique_ptr<Output> output_;
};

/// Packs files of a folder, in this order, into an archive that appears as a whole. The paths are relative to the
/// folder. Throws base::Error that names the archive if it cannot be written.
void pack_archive(const std::filesystem::path &folder, const std::vector<std::filesystem::path> &files,
                  const std::filesystem::path &archive);

/// Returns the next bytes of a file; empty at its end.
using ReadBlock = std::function<std::string_view()>;
/// Takes a file: its path relative to the folder, its mode, its content. Returns whether to go on.
using TakeFile = std::function<bool(const std::filesystem::path &name, std::uint32_t mode, const ReadBlock &read)>;

/// Passes on the files of a folder (sorted: manifest.json first, then by name) or of an archive (in its order). Other
/// things than files are skipped. Throws base::Error with `damaged` if the archive is cut off or damaged, or if it has
/// a path that leads out of it.
void for_each_file(const std::filesystem::path &folder_or_archive, base::Code damaged, const TakeFile &take);

/// Returns the files below a folder, relative to it, in the order of for_each_file(); none if it does not exist.
std::vector<std::filesystem::path> files_below(const std::filesystem::path &folder);

/// Returns the rest of a file.
std::string read_all(const ReadBlock &read);

}  // namespace kmodtest::shards
