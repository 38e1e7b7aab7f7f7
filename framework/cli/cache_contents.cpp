// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cache_contents.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>

#include "base/error.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"
#include "text/size.hpp"
#include "text/utf8.hpp"

namespace kmodtest::cli {
namespace fs = std::filesystem;
namespace {

/// An entry of the cache's folder. Only these entries are ever removed: KMODTEST_CACHE can name a folder with other
/// files in it.
struct KnownEntry {
  const char *name;
  const char *what;
};
constexpr std::array<KnownEntry, 15> kEntries = {{{"kernels", "kernels"},
                                                  {"kernel-builds", "kernels"},
                                                  {"vmlinux", "boot files"},
                                                  {"initramfs", "boot files"},
                                                  {"build", "built modules"},
                                                  {"ready", "built modules"},
                                                  {"numbers", "built modules"},
                                                  {"packages", "packages for guests"},
                                                  {"failed", "folders of failed cases"},
                                                  {"accelerator", "other"},
                                                  {"libvirt", "other"},
                                                  {"remote", "other"},
                                                  {"symbols", "other"},
                                                  {"shell-history", "other"},
                                                  {"history.json", "other"}}};

constexpr const char *kPartial = ".partial";

std::vector<fs::path> entries_of(const fs::path &folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) entries.push_back(entry->path());
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory) {
    throw base::Error(base::Code::cannot_read, fmt::format("cannot read {}: {}", folder.string(), error.message()),
                      "get permission to read it, or remove it as the user who created it");
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::uint64_t remove_counted(const fs::path &path) {
  const std::uint64_t bytes = storage::disk_usage(path);
  storage::remove_folder(path);
  return bytes;
}

/// Renames a folder, then removes it: a kill in between leaves nothing that looks complete.
std::uint64_t remove_aside(const fs::path &path, const fs::path &aside) {
  std::uint64_t bytes = remove_counted(aside);
  if (::rename(path.c_str(), aside.c_str()) == 0) {
    bytes += remove_counted(aside);
  } else if (errno != ENOENT) {
    throw base::Error(base::Code::cannot_remove,
                      fmt::format("cannot remove {}: {}", path.string(), std::strerror(errno)),
                      "remove it as the user who created it");
  }
  return bytes;
}

/// Returns the name of the kernel that an entry of kernels/ belongs to: ".NAME.partial" is an unfinished one.
std::string kernel_name(const fs::path &entry) {
  std::string name = entry.filename().string();
  if (name.starts_with('.')) name.erase(0, 1);
  if (name.ends_with(kPartial)) name.resize(name.size() - std::strlen(kPartial));
  return name;
}

std::uint64_t clear_kernels(const fs::path &cache, std::vector<std::string> &left) {
  std::uint64_t bytes = 0;
  // A kernel that is built has its source and objects in the second one.
  for (const char *folder : {"kernels", "kernel-builds"}) {
    for (const fs::path &entry : entries_of(cache / folder)) {
      const std::string name = kernel_name(entry);
      const fs::path lock_file = cache / "locks" / fmt::format("kernel-{}.lock", name);
      if (const auto lock = storage::FileLock::try_take(lock_file)) {
        bytes += remove_aside(cache / folder / name, cache / folder / fmt::format(".{}{}", name, kPartial));
        storage::remove_folder(lock_file);
      } else {
        left.push_back(entry.lexically_relative(cache).string());
      }
    }
  }
  return bytes;
}

std::uint64_t clear_builds(const fs::path &cache, std::vector<std::string> &left) {
  std::uint64_t bytes = 0;
  for (const fs::path &kernel_folder : entries_of(cache / "build")) {
    for (const fs::path &build : entries_of(kernel_folder)) {
      if (build.extension() == ".lock") continue;
      const fs::path lock_file = build.string() + ".lock";
      if (const auto lock = storage::FileLock::try_take(lock_file)) {
        bytes += remove_aside(build, build.string() + kPartial);
        storage::remove_folder(lock_file);
      } else {
        left.push_back(build.lexically_relative(cache).string());
      }
    }
  }
  return bytes;
}

std::string minute_of(std::chrono::system_clock::time_point time) {
  if (time == std::chrono::system_clock::time_point()) return "unknown";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts);
  return text.data();
}

}  // namespace

std::vector<CachePart> cache_parts(const fs::path &cache) {
  std::vector<CachePart> parts;
  for (const KnownEntry &entry : kEntries) {
    if (parts.empty() || parts.back().what != entry.what) parts.push_back({entry.what, 0});
    parts.back().disk_bytes += storage::disk_usage(cache / entry.name);
  }
  return parts;
}

std::uint64_t clear_cache_parts(const fs::path &cache, std::vector<std::string> &left) {
  std::uint64_t bytes = clear_kernels(cache, left) + clear_builds(cache, left);
  for (const KnownEntry &entry : kEntries) {
    const std::string_view name = entry.name;
    if (!name.starts_with("kernel") && name != "build") bytes += remove_counted(cache / name);
  }
  return bytes;
}

std::string snapshot_table(const std::vector<vm::SnapshotInfo> &snapshots) {
  std::vector<std::array<std::string, 5>> rows = {{"what", "on disk", "made", "last used", "key"}};
  for (const auto &info : snapshots) {
    rows.push_back({text::printable(info.damage.empty() ? info.description : "damaged: " + info.damage),
                    text::human_size(info.disk_bytes), minute_of(info.made), minute_of(info.used), info.key});
  }
  std::array<std::size_t, 5> widths{};
  for (const auto &row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], text::columns(row[i]));
  }
  std::string text;
  for (const auto &row : rows) {
    text += fmt::format("{}  {}  {}  {}  {}\n", text::pad_right(row[0], widths[0]), text::pad_left(row[1], widths[1]),
                        text::pad_right(row[2], widths[2]), text::pad_right(row[3], widths[3]), row[4]);
  }
  return text;
}

}  // namespace kmodtest::cli
