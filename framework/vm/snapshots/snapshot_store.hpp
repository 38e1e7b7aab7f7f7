// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"
#include "base/notice_sink.hpp"
#include "storage/files.hpp"
#include "vm/snapshots/saved_state.hpp"

namespace kmodtest::vm {

struct FoundSnapshot;
struct StateCopy;

/// One file of a snapshot.
struct SnapshotPart {
  std::uint64_t size_bytes = 0;  ///< as read
  std::string checksum;          ///< see copy_state()
};

/// The properties of a snapshot, for `kmodtest cache list` and for checking.
struct SnapshotInfo {
  std::string key;           ///< hex digits
  std::string description;   ///< "6.1.0-50-cloud-amd64, 4 CPUs, 256 MiB, virtual time"
  std::string qemu_version;  ///< of the QEMU that made it
  SnapshotPart state;
  std::optional<SnapshotPart> memory;          ///< nothing: the guest's memory is part of the state
  std::uint64_t disk_bytes = 0;                ///< of all files, as storage::disk_usage() counts
  std::chrono::system_clock::time_point made;  ///< in whole seconds
  std::chrono::system_clock::time_point used;
  std::string damage;  ///< why it is damaged ("manifest is missing"); empty: no damage was found
};

/// Returns how much space snapshots can take on the disk: $KMODTEST_CACHE_LIMIT, else 8 GiB. Throws base::UsageError.
std::uint64_t snapshot_limit();

/// The states of booted guests in the user's cache, one folder each: state.qcow2, memory and manifest.json. Any number
/// of processes and threads can use one store at once, and each can be killed at any time: a snapshot gets its final
/// name only when it is complete, and the unfinished files of dead processes are removed. No byte is used unchecked.
///
/// Nothing is synced to the disk: if a power cut damages a snapshot, its check fails and it is made again.
class SnapshotStore {
 public:
  /// Opens the store. `folder` is CACHE/snapshots and need not exist; the locks are next to it. `notices` receives
  /// messages about damage, and must outlive the store.
  SnapshotStore(std::filesystem::path folder, std::uint64_t limit_bytes,
                base::NoticeSink &notices = base::ignored_notices());

  /// Opens the state of `key` without a copy, and marks it as used. No byte is trusted before SavedState::is_sound() or
  /// copy_to() has checked it: a damaged, truncated or unreadable snapshot is removed and reported once per process
  /// ("snapshot KEY is damaged (checksum differs): it is made again"). Returns null if there is no such snapshot, or
  /// if it is damaged at first sight. Throws base::Error.
  std::unique_ptr<SavedState> lend(const std::string &key);

  /// Keeps copies of the files `made` under `key` and replaces the present one; uses the description and the version of
  /// QEMU of `info`. Removes the least recently used snapshots above the limit, but never this one and never one whose
  /// lock() is held. Throws base::Error that names the folder if the disk is full, and then leaves nothing behind.
  void keep(const std::string &key, const StateFiles &made, const SnapshotInfo &info);

  /// Locks a key while its snapshot is made: other processes that want the same one wait here, and find it with lend()
  /// then. Blocks.
  std::unique_ptr<storage::FileLock> lock(const std::string &key) const;

  /// Lists the snapshots, the most recently used first. Does not read the states: `damage` has what can be seen without
  /// that. Throws base::Error if the folder cannot be read.
  std::vector<SnapshotInfo> list() const;

  /// Removes the unfinished files of dead processes, then what list() finds damaged, then the least recently used
  /// snapshots until the rest takes no more than `limit_bytes`; never one whose lock() is held. Returns the bytes
  /// freed. Throws base::Error.
  std::uint64_t prune(std::uint64_t limit_bytes);

  /// Removes all snapshots except for those whose lock() is held, and unfinished files. Returns the bytes freed. Throws
  /// base::Error.
  std::uint64_t clear();

 private:
  struct Removed;
  class Lent;

  std::filesystem::path lock_file(const std::string &key) const;
  storage::FileLock lock_names() const;
  std::filesystem::path unused_name(const std::string &key) const;
  void sweep(Removed &removed) const;
  bool move_aside(const std::string &key, Removed &removed) const;
  void make_room(std::optional<std::uint64_t> limit_bytes, const std::string &spared, Removed &removed) const;
  void discard_damaged(const FoundSnapshot &found) const;
  std::optional<FoundSnapshot> find(const std::string &key) const;
  bool copy(FoundSnapshot &found, const StateFiles &to) const;
  bool copy_part(FoundSnapshot &found, int from, const std::filesystem::path &to, const SnapshotPart &expected) const;
  bool check(FoundSnapshot &found, const StateCopy &copy, const SnapshotPart &expected) const;
  bool check_all(FoundSnapshot &found) const;
  std::filesystem::path begin_partial(const std::string &key, base::Descriptor &maker) const;

  std::filesystem::path folder_;
  std::uint64_t limit_bytes_;
  base::NoticeSink *notices_;
};

}  // namespace kmodtest::vm
