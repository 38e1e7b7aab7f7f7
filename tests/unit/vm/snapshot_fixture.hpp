// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/recorded_notices.hpp"
#include "support/scratch_folder.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {

namespace fs = std::filesystem;
using support::error_of;
using support::ScratchFolder;

/// Runs `action` in a process of its own and returns its wait status; an exception is exit code 99.
template <class Action>
int in_child(Action &&action) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    try {
      ::_exit(action());
    } catch (const std::exception &error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      ::_exit(99);
    }
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// A cache of its own, and the messages of its store.
class SnapshotStoreTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

  SnapshotStore open(std::uint64_t limit_bytes = kNoLimit) { return {folder_, limit_bytes, notices_}; }

  void write(const fs::path &file, const std::string &bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << bytes;
    ASSERT_TRUE(out.flush().good()) << file;
  }

  /// Keeps a state with this content.
  void keep(SnapshotStore &store, const std::string &key, const std::string &bytes) {
    const fs::path state = scratch_.path() / ("made-" + std::to_string(::getpid()));
    write(state, bytes);
    SnapshotInfo info;
    info.description = "6.1, 4 CPUs";
    info.qemu_version = "10.0.2 (Debian)";
    store.keep(key, {state, {}}, info);
  }

  /// Copies a state to a file; returns false, and leaves no file, if there is no sound one.
  static bool copy(SnapshotStore &store, const std::string &key, const fs::path &to) {
    const auto state = store.lend(key);
    return state && state->copy_to({to, {}});
  }

  /// Returns the content of a copied state, or "nothing".
  std::string fetch(SnapshotStore &store, const std::string &key) {
    const fs::path to = scratch_.path() / ("fetched-" + std::to_string(::getpid()));
    fs::remove(to);
    const bool copied = copy(store, key, to);
    EXPECT_EQ(fs::exists(to), copied);
    return copied ? storage::read_whole_file(to) : "nothing";
  }

  /// Returns the content of a lent state, or "nothing".
  std::string lent(SnapshotStore &store, const std::string &key) {
    const auto state = store.lend(key);
    return state && state->is_sound() ? whole(*state) : "nothing";
  }

  static std::string whole(const SavedState &state) {
    return storage::read_whole_file("/proc/self/fd/" + std::to_string(state.descriptor()));
  }

  /// Returns the names in the store's folder.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto &entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  static std::vector<std::string> keys(const std::vector<SnapshotInfo> &snapshots) {
    std::vector<std::string> keys;
    for (const auto &info : snapshots) keys.push_back(info.key);
    return keys;
  }

  /// Sets the time when a snapshot was last used.
  void used_at(const std::string &key, int second) {
    const auto epoch = fs::file_time_type::clock::from_sys(std::chrono::sys_seconds(std::chrono::seconds(second)));
    fs::last_write_time(folder_ / key / "manifest.json", epoch);
  }

  const ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path() / "cache/snapshots";
  support::RecordedNotices notices_;
};

}  // namespace kmodtest::vm
