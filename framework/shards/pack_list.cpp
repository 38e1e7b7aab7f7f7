// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/pack_list.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sys/stat.h>
#include <utility>

#include "base/error.hpp"
#include "kernel/boot/initramfs.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"
#include "text/json.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;
using Json = text::SortedJson;

constexpr const char *kPackSchema = "kmodtest-pack";
constexpr int kPackVersion = 1;
/// The files that change whenever the content of their folder does.
constexpr std::array<const char *, 3> kMarkers = {"manifest.yaml", "manifest.json", ".kmodtest-stamp"};

[[noreturn]] void fail_to_read(const fs::path &path, const std::string &why) {
  throw base::Error(base::Code::cannot_read, fmt::format("cannot read '{}': {}", path.string(), why),
                    "something else cleans up the cache: try again");
}

PackEntry outline_of(const std::string &name, const fs::path &from, std::vector<fs::path> only = {}) {
  PackEntry entry;
  entry.name = name;
  entry.from = from;
  entry.only = std::move(only);
  std::error_code error;
  if (fs::is_directory(from, error)) {
    const auto has = [&](const char *file) { return fs::exists(from / file, error); };
    const auto *marker = std::find_if(kMarkers.begin(), kMarkers.end(), has);
    if (marker == kMarkers.end()) fail_to_read(from, "it is not complete");
    entry.marker = *marker;
  }
  entry.marker_sha256 = storage::sha256_file(entry.marker.empty() ? from : from / entry.marker);
  if (entry.only.empty()) entry.disk_bytes = storage::disk_usage(from);
  for (const fs::path &file : entry.only) entry.disk_bytes += storage::disk_usage(from / file);
  return entry;
}

PackFile look_at(const PackEntry &entry, const std::string &name) {
  PackFile file;
  file.name = name;
  const fs::path path = place_of(entry, file);
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) fail_to_read(path, "it is gone");
  file.mode = facts.st_mode & 0777U;
  if (S_ISLNK(facts.st_mode)) {
    file.link = fs::read_symlink(path).string();
  } else {
    file.size = static_cast<std::uint64_t>(facts.st_size);
    file.sha256 = storage::sha256_file(path);
  }
  return file;
}

/// Returns whether a name stays below the folder that it is put into.
bool is_inside(const fs::path &name) {
  return !name.is_absolute() && name.lexically_normal() == name &&
         std::none_of(name.begin(), name.end(), [](const fs::path &part) { return part == ".." || part == "."; });
}

bool is_sound(const PackEntry &entry) {
  return !entry.name.empty() && is_inside(entry.name) &&
         std::all_of(entry.files.begin(), entry.files.end(), [](const PackFile &file) { return is_inside(file.name); });
}

Json json_of(const PackEntry &entry) {
  Json json{{"name", entry.name},
            {"marker", entry.marker},
            {"marker_sha256", entry.marker_sha256},
            {"disk_bytes", entry.disk_bytes}};
  Json files = Json::array();
  for (const PackFile &file : entry.files) {
    Json one{{"name", file.name}, {"mode", file.mode}};
    if (file.link.empty()) {
      one["size"] = file.size;
      one["sha256"] = file.sha256;
    } else {
      one["link"] = file.link;
    }
    files.push_back(std::move(one));
  }
  json["files"] = std::move(files);
  return json;
}

PackEntry entry_of(const Json &json) {
  PackEntry entry;
  json.at("name").get_to(entry.name);
  json.at("marker").get_to(entry.marker);
  json.at("marker_sha256").get_to(entry.marker_sha256);
  json.at("disk_bytes").get_to(entry.disk_bytes);
  for (const Json &one : json.at("files")) {
    PackFile file;
    one.at("name").get_to(file.name);
    one.at("mode").get_to(file.mode);
    file.link = one.value("link", std::string());
    file.size = one.value("size", std::uint64_t{0});
    file.sha256 = one.value("sha256", std::string());
    entry.files.push_back(std::move(file));
  }
  return entry;
}

}  // namespace

std::uint64_t PackList::disk_bytes() const {
  std::uint64_t bytes = 0;
  for (const PackEntry &entry : entries) bytes += entry.disk_bytes;
  return bytes;
}

PackList list_entries(const run::Provisions &provisions, const std::string &version) {
  PackList list;
  list.program = version;
  list.qemu = provisions.qemu;
  list.agent = storage::sha256_file(storage::find_data_file("kmodtest-agent"));
  list.busybox = storage::sha256_file(kernel::static_busybox());
  for (const std::string &name : provisions.entries) list.entries.push_back(outline_of(name, provisions.cache / name));
  for (const auto &[place, build] : provisions.builds)
    list.entries.push_back(outline_of(place, build.folder, build.files));
  return list;
}

void list_files(PackEntry &entry) {
  entry.files.clear();
  std::vector<std::string> names;
  for (const fs::path &file : entry.only) names.push_back(file.string());
  if (entry.marker.empty()) {
    names = {""};
  } else if (names.empty()) {
    std::error_code error;
    for (fs::recursive_directory_iterator each(entry.from, error); !error && each != fs::recursive_directory_iterator();
         each.increment(error)) {
      if (each->is_symlink() || each->is_regular_file())
        names.push_back(each->path().lexically_relative(entry.from).string());
    }
    if (error) fail_to_read(entry.from, error.message());
  }
  std::sort(names.begin(), names.end());
  for (const std::string &name : names) entry.files.push_back(look_at(entry, name));
}

fs::path place_of(const PackEntry &entry, const PackFile &file) {
  return file.name.empty() ? entry.from : entry.from / file.name;
}

bool has_entry(const fs::path &folder, const PackEntry &entry) {
  const fs::path place = folder / entry.name;
  const fs::path marker = entry.marker.empty() ? place : place / entry.marker;
  std::error_code error;
  return fs::is_regular_file(marker, error) && storage::sha256_file(marker) == entry.marker_sha256;
}

std::string pack_list_text(const PackList &list) {
  Json json{{"schema", kPackSchema}, {"version", kPackVersion}, {"kmodtest", list.program},
            {"qemu", list.qemu},     {"agent", list.agent},     {"busybox", list.busybox}};
  Json entries = Json::array();
  for (const PackEntry &entry : list.entries) entries.push_back(json_of(entry));
  json["entries"] = std::move(entries);
  return text::json_text(json) + "\n";
}

std::optional<PackList> parse_pack_list(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kPackSchema || json.at("version") != kPackVersion) return std::nullopt;
    PackList list;
    json.at("kmodtest").get_to(list.program);
    json.at("qemu").get_to(list.qemu);
    json.at("agent").get_to(list.agent);
    json.at("busybox").get_to(list.busybox);
    for (const Json &one : json.at("entries")) {
      list.entries.push_back(entry_of(one));
      if (!is_sound(list.entries.back())) return std::nullopt;
    }
    return list;
  } catch (const Json::exception &) {
    return std::nullopt;
  }
}

}  // namespace kmodtest::shards
