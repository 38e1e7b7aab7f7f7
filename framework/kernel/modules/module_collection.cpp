// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <memory>
#include <string_view>

#include "base/error.hpp"
#include "kernel/modules/module.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::kernel {
namespace {

namespace fs = std::filesystem;

constexpr const char *kComplete = ".complete";
constexpr std::size_t kLargestModule = 512u << 20;

bool is_module_file(std::string_view name) {
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  return ends(".ko") || ends(".ko.xz") || ends(".ko.zst") || ends(".ko.gz");
}

/// Writes the module files of an archive to a folder.
class Unpacker {
 public:
  Unpacker(fs::path archive, fs::path to) : archive_(std::move(archive)), to_(std::move(to)) {}

  void unpack(const std::string &bytes) {
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
    archive_read_support_filter_all(reader.get());
    archive_read_support_format_all(reader.get());
    if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) fail(reader.get());
    archive_entry *entry = nullptr;
    for (;;) {
      const int result = archive_read_next_header(reader.get(), &entry);
      if (result == ARCHIVE_EOF) return;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail(reader.get());
      const char *name = archive_entry_pathname(entry);
      if (name != nullptr) take(reader.get(), name);
    }
  }

 private:
  [[noreturn]] void fail(archive *reader) const {
    const char *reason = archive_error_string(reader);
    throw base::UsageError(
        base::Code::not_a_module,
        fmt::format("cannot unpack {}: {}", archive_.string(), reason != nullptr ? reason : "no data"),
        "give a tar archive, a .deb or an .rpm with kernel modules");
  }

  void take(archive *reader, const fs::path &name) {
    const std::string file = name.filename().string();
    if (is_module_file(file)) {
      const fs::path inside = name.lexically_normal().relative_path();
      if (inside.begin() != inside.end() && *inside.begin() == "..") return;
      storage::make_folder((to_ / inside).parent_path());
      storage::write_whole_file(to_ / inside, content(reader));
    } else if (file.starts_with("data.tar")) {  // of a .deb
      unpack(content(reader));
    }
  }

  std::string content(archive *reader) const {
    std::string result;
    std::string buffer(1 << 16, '\0');
    for (;;) {
      const auto count = archive_read_data(reader, buffer.data(), buffer.size());
      if (count < 0 || result.size() > kLargestModule) fail(reader);
      if (count == 0) return result;
      result.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  fs::path archive_, to_;
};

fs::path unpacked(const fs::path &archive, const fs::path &cache) {
  const fs::path folders = cache / "build" / "archives";
  const std::string name = storage::sha256_file(archive);
  const fs::path folder = folders / name;
  std::error_code error;
  const storage::FileLock lock(folders / (name + ".lock"));
  if (fs::exists(folder / kComplete, error)) return folder;
  storage::remove_folder(folder);
  storage::make_folder(folder);
  Unpacker(archive, folder).unpack(storage::read_whole_file(archive));
  storage::write_whole_file(folder / kComplete, "");
  return folder;
}

}  // namespace

std::vector<fs::path> modules_in_collection(const fs::path &collection, const fs::path &cache) {
  std::error_code error;
  const fs::path folder = fs::is_directory(collection, error) ? collection : unpacked(collection, cache);
  std::vector<fs::path> modules;
  for (const auto &entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_module_file(entry.path().filename().string())) modules.push_back(entry.path());
  }
  if (modules.empty()) {
    throw base::UsageError(base::Code::no_such_module, fmt::format("{} has no kernel module", collection.string()),
                           "name one with files that end in .ko");
  }
  std::sort(modules.begin(), modules.end());
  return modules;
}

}  // namespace kmodtest::kernel
