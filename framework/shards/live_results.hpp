// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <tuple>

#include "shards/case_codec.hpp"
#include "shards/records.hpp"

namespace kmodtest::shards {

/// The results of a shard that is running: a folder that grows. Reads only what is new in it.
class LiveResults {
 public:
  explicit LiveResults(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path &folder() const { return folder_; }
  /// Returns whether the shard has come to its end, and was not interrupted. What it finished is all there then.
  bool complete();
  /// Passes on the cases that ended since the last call.
  void read(const std::function<void(KeptCase kept)> &take);

 private:
  /// A file of finished cases.
  struct Growing {
    RecordDecoder decoder;
    std::size_t read = 0;
  };
  /// What differs when a file was replaced: inode, size, time of modification in seconds and nanoseconds.
  using Version = std::tuple<unsigned long, long, long, long>;

  std::filesystem::path folder_;
  std::map<std::filesystem::path, Growing> files_;
  Version manifest_;
  bool complete_ = false;
};

}  // namespace kmodtest::shards
