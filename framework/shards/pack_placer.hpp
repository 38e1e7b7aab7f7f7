// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "shards/pack_list.hpp"
#include "storage/digest.hpp"
#include "storage/files.hpp"

namespace kmodtest::shards {

/// A file of a pack that is being written.
struct OpenObject {
  std::string sha256;
  base::Descriptor file{};
  storage::Sha256 digest{};
  std::uint64_t size = 0;
};

/// Puts the entries of a list into a cache. Nothing is visible there before finish() has checked everything. One
/// process at a time does this in a cache.
class PackPlacer {
 public:
  /// Entries that the cache has are left out of `list`. Throws base::Error if the disk lacks space.
  PackPlacer(std::filesystem::path cache, PackList list);
  ~PackPlacer();
  PackPlacer(const PackPlacer &) = delete;
  PackPlacer &operator=(const PackPlacer &) = delete;

  /// Returns the entries that are put there.
  const std::vector<PackEntry> &entries() const { return list_.entries; }
  /// Takes the next bytes of the file with this checksum; files follow one another. Ignores files that no entry has.
  /// Throws base::Error that names the cache if it cannot write.
  void take(const std::string &sha256, std::string_view bytes);
  /// Checks that everything has arrived, and makes it visible. Throws base::Error (damaged_pack).
  void finish();

 private:
  std::filesystem::path object(const std::string &sha256) const { return work_ / sha256; }
  void close();
  void write(std::string_view bytes);
  void lay_out(const PackEntry &entry, const std::filesystem::path &place);
  void put_file(const PackFile &file, const std::filesystem::path &place);
  void move_into_cache(const PackEntry &entry, const std::filesystem::path &place) const;
  [[noreturn]] void fail(int error) const;

  std::filesystem::path cache_, work_;
  std::optional<storage::FileLock> lock_;
  PackList list_;
  std::set<std::string> wanted_, arrived_;
  std::map<std::string, std::filesystem::path> placed_;  ///< where the first file of a content is
  std::optional<OpenObject> open_;
};

}  // namespace kmodtest::shards
