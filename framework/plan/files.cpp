// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/files.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string>
#include <string_view>

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestFilePath = 1024;
constexpr std::string_view kFirmware = "/lib/firmware/";

/// Folders of the guest that its kernel and the agent need as they are.
constexpr std::array<std::string_view, 6> kTaken{"/proc", "/sys", "/dev", "/modules", "/lib/modules", "/tmp/modules"};
/// Files of the guest that the agent needs.
constexpr std::array<std::string_view, 4> kTakenFiles{"/init", "/bin/sh", "/bin/busybox", "/sbin/modprobe"};

bool is_plain_path(std::string_view path) {
  const fs::path parts(path);
  const bool climbs =
      std::any_of(parts.begin(), parts.end(), [](const fs::path &part) { return part == "." || part == ".."; });
  return !path.empty() && path.size() <= kLongestFilePath && path.back() != '/' && !climbs;
}

bool is_taken(std::string_view path) {
  const bool below = std::any_of(kTaken.begin(), kTaken.end(), [&](std::string_view folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
  });
  return below || std::find(kTakenFiles.begin(), kTakenFiles.end(), path) != kTakenFiles.end();
}

/// Returns whether a distribution can have a package of this name (deb-control(5), Package). apt would take a name that
/// ends in '-' for one to remove.
bool is_package_name(std::string_view name) {
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
  return name.size() > 1 && name.find_first_not_of(kCharacters) == std::string_view::npos &&
         std::string_view("+.-").find(name.front()) == std::string_view::npos && !name.ends_with('-');
}

/// Reads the entries of one key.
class FileReader {
 public:
  FileReader(bool firmware, const Places &places, Scope &scope, std::vector<FileSource> &files)
      : firmware_(firmware), places_(places), scope_(scope), files_(files) {}

  void read(const Node &node) {
    for (const Node *item : one_or_each(node)) read_one(*item);
  }

 private:
  void read_one(const Node &node) {
    if (!is_text_or_map(node, "a file", scope_)) return;
    const Node wrapped = as_map(node, "from");
    MapReader reader(wrapped, files_table(), scope_);
    const auto from = reader.text("from");
    const auto to = reader.text("to");
    if (!from || (reader.has("to") && !to)) return;
    const auto path = source(*from, reader.place("from"));
    if (path) add(*path, to.value_or(path->filename().string()), reader.place(reader.has("to") ? "to" : "from"));
  }

  /// Returns the absolute path of what a plan names.
  std::optional<fs::path> source(const std::string &from, const Node &place) {
    if (from.empty() || from.size() > kLongestFilePath) {
      error(Code::bad_name, place, from.empty() ? "the file's name is empty" : "the file's path is too long");
      return std::nullopt;
    }
    fs::path path = (places_.folder / from).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    std::error_code ignored;
    if (!places_.allow(path)) {
      error(Code::outside_of_folder, place,
            fmt::format("the file {} is outside of the plan's folder (--modules DIR allows another one)", quote(from)));
    } else if (!fs::is_regular_file(path, ignored) && !fs::is_directory(path, ignored)) {
      error(Code::no_such_file, place, fmt::format("there is no file {}", quote(from)));
    } else {
      return path;
    }
    return std::nullopt;
  }

  void add(const fs::path &from, std::string to, const Node &place) {
    if (firmware_) {
      to.insert(0, kFirmware);
    } else if (!to.starts_with('/')) {
      to.insert(0, "/tmp/");
    }
    const bool twice =
        std::any_of(files_.begin(), files_.end(), [&](const FileSource &other) { return other.to == to; });
    if (!is_plain_path(to) || is_taken(to)) {
      error(Code::bad_text, place, fmt::format("a file cannot be at {} in the guest", quote(to)));
    } else if (twice) {
      error(Code::bad_text, place, fmt::format("two files would be at {} in the guest", quote(to)));
    } else {
      files_.push_back({from, std::move(to)});
    }
  }

  void error(Code code, const Node &place, std::string message) {
    scope_.problems.error(code, place, std::move(message));
  }

  bool firmware_;
  const Places &places_;
  Scope &scope_;
  std::vector<FileSource> &files_;
};

}  // namespace

std::vector<FileSource> read_files(const Node &plan, const Places &places, Scope &scope) {
  std::vector<FileSource> files;
  if (const Node *node = plan.find("files")) FileReader(false, places, scope, files).read(*node);
  if (const Node *node = plan.find("firmware")) FileReader(true, places, scope, files).read(*node);
  return files;
}

std::vector<std::string> read_packages(MapReader &plan) {
  std::vector<std::string> names = plan.texts("packages");
  for (const std::string &name : names)
    if (!is_package_name(name))
      plan.error(Code::bad_name, "packages", fmt::format("{} cannot be the name of a package", quote(name)));
  return names;
}

}  // namespace kmodtest::plan
