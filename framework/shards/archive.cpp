// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/archive.hpp"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "base/error.hpp"
#include "base/write_error.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 256 * 1024;
constexpr const char *kFirstFile = "manifest.json";

struct FreeReader {
  void operator()(archive *reader) const { archive_read_free(reader); }
};
struct FreeWriter {
  void operator()(archive *writer) const { archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry *entry) const { archive_entry_free(entry); }
};

std::string words_of(archive *which) {
  const char *text = archive_error_string(which);
  return text != nullptr ? text : "unknown error";
}

/// Returns whether a path stays below where it is unpacked.
bool is_safe(const fs::path &name) {
  if (name.empty() || name.is_absolute()) return false;
  return std::none_of(name.begin(), name.end(), [](const fs::path &part) { return part == ".."; });
}

void walk_folder(const fs::path &folder, const TakeFile &take) {
  for (const fs::path &name : files_below(folder)) {
    std::ifstream content(folder / name, std::ios::binary);
    struct stat facts {};
    if (!content || ::stat((folder / name).c_str(), &facts) != 0) {
      throw base::Error(base::Code::cannot_read, fmt::format("cannot read '{}'", (folder / name).string()));
    }
    std::string block(kBlock, '\0');
    const ReadBlock read = [&]() -> std::string_view {
      content.read(block.data(), kBlock);
      return {block.data(), static_cast<std::size_t>(content.gcount())};
    };
    if (!take(name, facts.st_mode, read)) return;
  }
}

void walk_archive(const fs::path &file, base::Code damaged, const TakeFile &take) {
  const std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  const auto fail = [&](const std::string &why) {
    throw base::Error(damaged, fmt::format("'{}' is damaged or cut off: {}", file.string(), why),
                      "copy it again from where it was written");
  };
  if (archive_read_open_filename(reader.get(), file.c_str(), kBlock) != ARCHIVE_OK) fail(words_of(reader.get()));
  std::string block(kBlock, '\0');
  for (;;) {
    archive_entry *entry = nullptr;
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail(words_of(reader.get()));
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) continue;
    const char *raw = archive_entry_pathname(entry);
    const fs::path name = raw != nullptr ? fs::path(raw).lexically_normal() : fs::path();
    if (!is_safe(name)) fail(fmt::format("it has a file '{}'", name.string()));
    const ReadBlock read = [&]() -> std::string_view {
      const la_ssize_t size = archive_read_data(reader.get(), block.data(), kBlock);
      if (size < 0) fail(words_of(reader.get()));
      return {block.data(), static_cast<std::size_t>(size)};
    };
    if (!take(name, archive_entry_perm(entry), read)) return;
  }
}

}  // namespace

bool is_archive_name(const fs::path &path) {
  return path.filename().string().ends_with(".tar.zst");
}

struct ArchiveWriter::Output {
  fs::path file, partial;  ///< the partial one is removed unless it was renamed
  std::unique_ptr<archive, FreeWriter> writer{archive_write_new()};

  ~Output() {
    writer.reset();
    std::error_code ignored;
    fs::remove(partial, ignored);
  }

  [[noreturn]] void fail() const {
    const int error = archive_errno(writer.get());
    throw base::Error(base::code_of_write(error),
                      fmt::format("cannot write '{}': {}", file.string(), words_of(writer.get())),
                      "free some space there, or name a file in a folder that you can write to");
  }
  void check(bool good) const {
    if (!good) fail();
  }
  void begin(const fs::path &name, const struct stat &facts) const {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_copy_stat(entry.get(), &facts);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_uname(entry.get(), "");
    archive_entry_set_gname(entry.get(), "");
    check(archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK);
  }
  void write(std::string_view bytes) const { check(archive_write_data(writer.get(), bytes.data(), bytes.size()) >= 0); }
};

ArchiveWriter::ArchiveWriter(const fs::path &file) : output_(std::make_unique<Output>()) {
  output_->file = file;
  output_->partial = file.string() + fmt::format(".{}.partial", ::getpid());
  archive *writer = output_->writer.get();
  if (is_archive_name(file)) archive_write_add_filter_zstd(writer);
  archive_write_set_format_pax_restricted(writer);
  output_->check(archive_write_open_filename(writer, output_->partial.c_str()) == ARCHIVE_OK);
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::add_file(const fs::path &name, const fs::path &path) {
  struct stat facts {};
  std::ifstream content(path, std::ios::binary);
  if (!content || ::stat(path.c_str(), &facts) != 0) {
    throw base::Error(base::Code::cannot_read, fmt::format("cannot read '{}'", path.string()));
  }
  output_->begin(name, facts);
  std::string block(kBlock, '\0');
  auto left = static_cast<std::uint64_t>(facts.st_size);  // a file that grows meanwhile is cut off there
  while (left > 0 && content) {
    content.read(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(left, kBlock)));
    const auto size = static_cast<std::size_t>(content.gcount());
    if (size == 0) break;
    output_->write({block.data(), size});
    left -= size;
  }
}

void ArchiveWriter::add_text(const fs::path &name, std::string_view text) {
  struct stat facts {};
  facts.st_mode = S_IFREG | 0644;
  facts.st_size = static_cast<off_t>(text.size());
  output_->begin(name, facts);
  output_->write(text);
}

void ArchiveWriter::finish() {
  output_->check(archive_write_close(output_->writer.get()) == ARCHIVE_OK);
  std::error_code error;
  fs::rename(output_->partial, output_->file, error);
  if (error) {
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot write '{}': {}", output_->file.string(), error.message()));
  }
}

void pack_archive(const fs::path &folder, const std::vector<fs::path> &files, const fs::path &file) {
  ArchiveWriter writer(file);
  for (const fs::path &name : files) writer.add_file(name, folder / name);
  writer.finish();
}

void for_each_file(const fs::path &folder_or_archive, base::Code damaged, const TakeFile &take) {
  if (fs::is_directory(folder_or_archive)) {
    walk_folder(folder_or_archive, take);
  } else {
    walk_archive(folder_or_archive, damaged, take);
  }
}

std::vector<fs::path> files_below(const fs::path &folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error); !error && entry != fs::recursive_directory_iterator();
       entry.increment(error)) {
    if (entry->is_regular_file() && !entry->is_symlink()) files.push_back(entry->path().lexically_relative(folder));
  }
  const auto rank = [](const fs::path &name) {
    return std::tuple(name != kFirstFile, name.has_parent_path(), name.string());
  };
  std::sort(files.begin(), files.end(), [&](const fs::path &a, const fs::path &b) { return rank(a) < rank(b); });
  return files;
}

std::string read_all(const ReadBlock &read) {
  std::string all;
  for (std::string_view block = read(); !block.empty(); block = read()) all += block;
  return all;
}

}  // namespace kmodtest::shards
