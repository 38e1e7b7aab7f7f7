// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kmodtest::storage {

/// Returns a text that is another one as soon as a file is replaced or changed: its device, inode, size and times. A
/// file that does not exist has one, too.
std::string identity_of(const std::filesystem::path &file);

/// Keeps what was read from files, for as long as they stay the same. Several threads can use it; one reads, and the
/// others wait.
template <class Value>
class FileCache {
 public:
  /// Returns what `read` made of the files. Calls it if that is not known, or if one of the files has changed since
  /// then. Passes its exceptions on, and keeps nothing then.
  std::shared_ptr<const Value> get(const std::vector<std::filesystem::path> &files,
                                   const std::function<Value()> &read) {
    std::string key;
    for (const auto &file : files) key += file.string() + '\n' + identity_of(file) + '\n';
    const std::lock_guard guard(mutex_);
    const auto known =
        std::find_if(kept_.begin(), kept_.end(), [&key](const auto &entry) { return entry.first == key; });
    if (known != kept_.end()) return known->second;
    auto value = std::make_shared<const Value>(read());
    if (kept_.size() >= kMostKept) kept_.erase(kept_.begin());
    kept_.emplace_back(std::move(key), value);
    return value;
  }

 private:
  static constexpr std::size_t kMostKept = 8;

  std::mutex mutex_;
  std::vector<std::pair<std::string, std::shared_ptr<const Value>>> kept_;  // the oldest first
};

}  // namespace kmodtest::storage
