// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/asio.hpp"

namespace kmodtest::run {

/// Reports changes in folders, by inotify(7) on the loop that everything else runs on. A file counts as changed when it
/// was written and closed, renamed, linked or removed; not while it is being written. Does not see changes that another
/// machine makes on a shared file system.
class FileWatch {
 public:
  /// Starts without folders. `changed` is called on the loop's thread with the path of the changed file (its folder as
  /// it was given to watch(), and its name); with an empty path if the kernel dropped events. Throws base::Error.
  FileWatch(base::asio::io_context &io, std::function<void(const std::filesystem::path &)> changed);

  /// Watches exactly these folders from now on, not what is below them. Leaves out missing ones. Returns how many it
  /// did not watch before. Throws base::Error if the kernel allows no more of them.
  std::size_t watch(const std::vector<std::filesystem::path> &folders);

 private:
  void read();
  void take(const char *at, const char *end);
  /// Returns the path that an event is about; empty if the event is useless.
  std::filesystem::path path_of(int watch, std::uint32_t mask, const std::string &name) const;

  std::function<void(const std::filesystem::path &)> changed_;
  base::asio::posix::stream_descriptor stream_;
  std::map<int, std::filesystem::path> folders_;
  std::map<std::filesystem::path, int> watches_;
  alignas(8) std::array<char, 16384> buffer_{};
};

}  // namespace kmodtest::run
