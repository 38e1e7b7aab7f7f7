// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_manifest.hpp"

#include <fmt/format.h>
#include <string_view>

#include "text/json.hpp"
#include "vm/snapshots/snapshot_copy.hpp"

namespace kmodtest::vm {
namespace {

// Raise it when the meaning of state or manifest changes: older snapshots are then made again.
constexpr int kLayout = 2;

/// Returns the end of a manifest whose text so far is `body`. It is compared literally, so that no byte of a manifest
/// can change unnoticed, not even a space.
std::string seal(const std::string &body) {
  return fmt::format(",\n  \"manifest_checksum\": \"{}\"\n}}\n", checksum_of(body));
}

}  // namespace

std::string manifest_text(const SnapshotInfo &info) {
  const auto made = std::chrono::floor<std::chrono::seconds>(info.made.time_since_epoch());
  text::Json json = {{"layout", kLayout},
                     {"key", info.key},
                     {"description", info.description},
                     {"qemu_version", info.qemu_version},
                     {"made", made.count()},
                     {"state_bytes", info.state.size_bytes},
                     {"state_checksum", info.state.checksum}};
  if (info.memory) {
    json["memory_bytes"] = info.memory->size_bytes;
    json["memory_checksum"] = info.memory->checksum;
  }
  std::string body = text::json_text(json, 2);
  body.resize(body.rfind('\n'));  // the last bracket belongs to the seal
  return body + seal(body);
}

SnapshotInfo read_manifest(const std::string &text, const std::string &key) {
  SnapshotInfo info;
  info.key = key;
  info.damage = "manifest differs from its checksum";
  const std::size_t seal_bytes = seal({}).size();
  if (text.size() < seal_bytes) return info;
  const std::string body = text.substr(0, text.size() - seal_bytes);
  if (std::string_view(text).substr(body.size()) != seal(body)) return info;
  try {
    const auto json = text::SortedJson::parse(text);
    if (json.at("layout").get<int>() != kLayout) {
      info.damage = "manifest is of another version of kmodtest";
    } else if (json.at("key").get<std::string>() != key) {
      info.damage = "manifest is of another snapshot";
    } else {
      SnapshotInfo read;
      read.key = key;
      read.description = json.at("description").get<std::string>();
      read.qemu_version = json.at("qemu_version").get<std::string>();
      read.made = std::chrono::system_clock::time_point(std::chrono::seconds(json.at("made").get<std::int64_t>()));
      read.state = {json.at("state_bytes").get<std::uint64_t>(), json.at("state_checksum").get<std::string>()};
      if (json.contains("memory_bytes")) {
        read.memory =
            SnapshotPart{json.at("memory_bytes").get<std::uint64_t>(), json.at("memory_checksum").get<std::string>()};
      }
      return read;
    }
  } catch (const text::SortedJson::exception &) {
    info.damage = "manifest is not complete";
  }
  return info;
}

}  // namespace kmodtest::vm
