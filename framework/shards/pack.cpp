// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/pack.hpp"

#include <fmt/format.h>
#include <optional>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "kernel/boot/initramfs.hpp"
#include "shards/archive.hpp"
#include "shards/layout.hpp"
#include "shards/pack_placer.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr const char *kObjects = "objects";

[[noreturn]] void fail_as_no_pack(const fs::path &file, const std::string &why) {
  throw base::UsageError(base::Code::not_a_pack, fmt::format("'{}' is not a pack of kmodtest: {}", file.string(), why),
                         "name the .tar.zst that 'kmodtest pack' wrote");
}

void check_version(const fs::path &file, const PackList &list, const std::string &version) {
  if (list.program == version) return;
  throw base::UsageError(
      base::Code::other_pack,
      fmt::format("'{}' was packed by kmodtest {}, and this is kmodtest {}", file.string(), list.program, version),
      "use one version of kmodtest on all machines");
}

/// Reads a pack from its beginning: the list, then each file.
void read_pack(const fs::path &file, const std::function<void(PackList list)> &take_list,
               const std::function<void(const std::string &sha256, const ReadBlock &read)> &take_file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw base::UsageError(base::Code::no_such_input, fmt::format("no such file or folder: '{}'", file.string()));
  }
  bool listed = false;
  const auto take = [&](const fs::path &name, std::uint32_t, const ReadBlock &read) {
    if (!listed) {
      auto list = name == kManifestFile ? parse_pack_list(read_all(read)) : std::nullopt;
      if (!list) fail_as_no_pack(file, "it does not begin with a list of its contents");
      listed = true;
      take_list(std::move(*list));
    } else if (*name.begin() == kObjects) {
      take_file(name.filename().string(), read);
    }
    return true;
  };
  try {
    for_each_file(file, base::Code::damaged_pack, take);
  } catch (const base::Error &problem) {
    if (listed || problem.code() != base::Code::damaged_pack) throw;
    fail_as_no_pack(file, problem.what());
  }
  if (!listed) fail_as_no_pack(file, "it is empty");
}

}  // namespace

void write_pack(PackList &list, const fs::path &file) {
  for (PackEntry &entry : list.entries) list_files(entry);
  ArchiveWriter writer(file);
  writer.add_text(kManifestFile, pack_list_text(list));
  std::set<std::string> written;
  for (const PackEntry &entry : list.entries) {
    for (const PackFile &each : entry.files) {
      if (each.link.empty() && each.size > 0 && written.insert(each.sha256).second)
        writer.add_file(fs::path(kObjects) / each.sha256, place_of(entry, each));
    }
  }
  writer.finish();
}

Unpacked unpack(const fs::path &file, const fs::path &cache, const std::string &version) {
  Unpacked unpacked;
  std::optional<PackPlacer> placer;
  read_pack(
      file,
      [&](PackList list) {
        check_version(file, list, version);
        unpacked.list = list;
        placer.emplace(cache, std::move(list));
      },
      [&](const std::string &sha256, const ReadBlock &read) {
        for (std::string_view block = read(); !block.empty(); block = read()) placer->take(sha256, block);
      });
  placer->finish();
  unpacked.placed = placer->entries().size();
  return unpacked;
}

std::vector<std::string> differences(const PackList &list, const std::string &qemu) {
  std::vector<std::string> found;
  if (!list.qemu.empty() && list.qemu != qemu) {
    found.push_back(fmt::format("the guests were saved by QEMU {}, and this machine has QEMU {}", list.qemu, qemu));
  }
  if (list.agent != storage::sha256_file(storage::find_data_file("kmodtest-agent")))
    found.emplace_back("this kmodtest has another program for the guests (kmodtest-agent)");
  if (list.busybox != storage::sha256_file(kernel::static_busybox()))
    found.emplace_back("this machine has another busybox (package busybox-static)");
  return found;
}

}  // namespace kmodtest::shards
