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

/// What a snapshot is made of, for `kmodtest cache list` and for checking.
struct SnapshotInfo {
  std::string key;                             ///< hex digits
  std::string description;                     ///< "6.1.0-50-cloud-amd64, 4 CPUs, 256 MiB, virtual time"
  std::string qemu_version;                    ///< of the QEMU that made it
  std::string checksum;                        ///< of the state, see copy_state()
  std::uint64_t size_bytes = 0;                ///< of the state, as read
  std::uint64_t disk_bytes = 0;                ///< of the state and the manifest, as storage::disk_usage() counts
  std::chrono::system_clock::time_point made;  ///< in whole seconds
  std::chrono::system_clock::time_point used;
  std::string damage;  ///< what is wrong with it ("manifest is missing"); empty: nothing was found
};

/// What snapshots may take on the disk: $KMODTEST_CACHE_LIMIT, else 8 GiB. Throws base::UsageError.
std::uint64_t snapshot_limit();

/// The states of booted guests in the user's cache, one folder each: state.qcow2 and manifest.json. Any number of
/// processes and threads may use one store at once, and each may be killed at any time: a snapshot appears under its
/// key only when it is whole, and what a dead process left unfinished is swept. No byte is believed unchecked.
///
/// Nothing is synced to the disk: what a power cut tears apart fails its check and is made again.
class SnapshotStore {
 public:
  /// `folder` is CACHE/snapshots and need not be there; the locks lie beside it. `notices` is told of damage,
  /// and has to outlive the store.
  SnapshotStore(std::filesystem::path folder, std::uint64_t limit_bytes,
                base::NoticeSink &notices = base::ignored_notices());

  /// Opens the state of `key` without a copy, and marks it as used. No byte is trusted before SavedState::is_sound() or
  /// copy_to() has checked it: a damaged, truncated or unreadable snapshot is removed and reported once per process
  /// ("snapshot KEY is damaged (checksum differs): it is made again"). Returns null if there is no such snapshot, or
  /// if it is damaged at first sight. Throws base::Error.
  std::unique_ptr<SavedState> lend(const std::string &key);

  /// Keeps a copy of the file `state` under `key`, in place of what is there; of `info` the description and the version
  /// of QEMU count. Removes the least recently used snapshots above the limit, but never this one and never one whose
  /// lock() is held. Throws base::Error that names the folder when the disk is full, and leaves nothing behind then.
  void keep(const std::string &key, const std::filesystem::path &state, const SnapshotInfo &info);

  /// Locks a key while its snapshot is made: other processes that want the same one wait here, and find it with lend()
  /// then. Blocks.
  std::unique_ptr<storage::FileLock> lock(const std::string &key) const;

  /// Most recently used first. States are looked at, not read: `damage` has what can be seen without that. Throws
  /// base::Error when the folder cannot be read.
  std::vector<SnapshotInfo> list() const;

  /// Removes what dead processes left unfinished, then what list() finds damaged, then the least recently used
  /// snapshots until the rest takes no more than `limit_bytes`; never one whose lock() is held. Returns the bytes
  /// freed. Throws base::Error.
  std::uint64_t prune(std::uint64_t limit_bytes);

  /// Removes all snapshots but those whose lock() is held, and rubbish. Returns the bytes freed. Throws base::Error.
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
  bool copy(FoundSnapshot &found, const std::filesystem::path &to) const;
  bool check(FoundSnapshot &found, const StateCopy &copy) const;
  std::filesystem::path begin_partial(const std::string &key, base::Descriptor &maker) const;

  std::filesystem::path folder_;
  std::uint64_t limit_bytes_;
  base::NoticeSink *notices_;
};

}  // namespace kmodtest::vm
