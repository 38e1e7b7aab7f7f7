// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_store.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/write_error.hpp"
#include "vm/snapshots/snapshot_copy.hpp"
#include "vm/snapshots/snapshot_folder.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
using base::Descriptor;
namespace {

constexpr const char *kMaker = "maker";  // locked by the process that fills a .partial folder
constexpr const char *kPartial = ".partial";
constexpr const char *kFolderHint = "set KMODTEST_CACHE to a folder that you can read and write to";

[[noreturn]] void cannot_keep(const fs::path &folder, int number) {
  throw base::Error(base::Code::snapshot_not_kept,
                    fmt::format("cannot keep a snapshot in {}: {}", folder.string(), base::reason_of_write(number)),
                    base::is_disk_full(number)
                        ? "`kmodtest cache prune --limit SIZE` makes room, or set KMODTEST_CACHE to a "
                          "folder on another disk"
                        : kFolderHint);
}

[[noreturn]] void cannot_write(const fs::path &file, int number) {
  throw base::Error(
      base::code_of_write(number), fmt::format("cannot write {}: {}", file.string(), base::reason_of_write(number)),
      base::is_disk_full(number) ? "free some space, or set KMODTEST_RUNTIME to a folder on another disk" : "");
}

[[noreturn]] void cannot_read(const fs::path &file, int number) {
  throw base::Error(base::Code::cannot_read, fmt::format("cannot read {}: {}", file.string(), std::strerror(number)),
                    "`kmodtest cache clear` removes the snapshots; they are made again");
}

Descriptor open_made(const fs::path &file) {
  Descriptor made(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!made) cannot_read(file, errno);
  return made;
}

bool is_key(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void check_key(const std::string &key) {
  if (!is_key(key)) throw std::invalid_argument(fmt::format("'{}' is not the key of a snapshot", key));
}

/// Returns true the first time in this process.
bool is_news(const fs::path &snapshot) {
  static std::mutex mutex;
  static std::set<fs::path> said;
  const std::lock_guard guard(mutex);
  return said.insert(snapshot).second;
}

/// Removes a file or folder with everything in it, unless told to keep it.
class Discard {
 public:
  explicit Discard(fs::path path) : path_(std::move(path)) {}
  Discard(const Discard &) = delete;
  Discard &operator=(const Discard &) = delete;
  ~Discard() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  void leave() { path_.clear(); }

 private:
  fs::path path_;
};

}  // namespace

/// Files that were renamed while the names were locked. They are deleted after the lock is released, since that takes
/// longer.
struct SnapshotStore::Removed {
  std::vector<std::unique_ptr<Discard>> rubbish;
  std::uint64_t bytes = 0;

  void add(const fs::path &path) {
    bytes += storage::disk_usage(path);
    rubbish.push_back(std::make_unique<Discard>(path));
  }
};

SnapshotStore::SnapshotStore(fs::path folder, std::uint64_t limit_bytes, base::NoticeSink &notices)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes), notices_(&notices) {}

fs::path SnapshotStore::lock_file(const std::string &key) const {
  return folder_.parent_path() / "locks" / fmt::format("snapshot-{}.lock", key);
}

/// Locks the names briefly while a .partial folder is created or a folder renamed. So no process takes a new folder for
/// rubbish, or removes another snapshot than the one that it checked.
storage::FileLock SnapshotStore::lock_names() const {
  return storage::FileLock(folder_.parent_path() / "locks/snapshots.lock");
}

std::unique_ptr<storage::FileLock> SnapshotStore::lock(const std::string &key) const {
  check_key(key);
  return std::make_unique<storage::FileLock>(lock_file(key));
}

fs::path SnapshotStore::unused_name(const std::string &key) const {
  static std::atomic<unsigned> counter{0};
  while (true) {
    fs::path path = folder_ / fmt::format(".{}.{}.{}{}", key, ::getpid(), ++counter, kPartial);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) return path;
  }
}

/// Collects the .partial folders whose maker is dead. Call it with lock_names() held.
void SnapshotStore::sweep(Removed &removed) const {
  std::error_code error;
  fs::directory_iterator entry(folder_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with(kPartial)) continue;
    // A folder without a maker was renamed to be removed, or its maker died before it had begun.
    const Descriptor maker(::open((entry->path() / kMaker).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!maker && errno != ENOENT && errno != ENOTDIR) continue;
    if (!maker || ::flock(maker.get(), LOCK_EX | LOCK_NB) == 0) removed.add(entry->path());
  }
}

/// Renames a snapshot to be removed. Returns false if the name no longer exists. Throws base::Error. Call it with
/// lock_names() held.
bool SnapshotStore::move_aside(const std::string &key, Removed &removed) const {
  const fs::path aside = unused_name(key);
  if (::rename((folder_ / key).c_str(), aside.c_str()) == 0) {
    removed.add(aside);
    return true;
  }
  if (errno == ENOENT) return false;
  throw base::Error(base::Code::cannot_remove,
                    fmt::format("cannot remove {}: {}", (folder_ / key).string(), std::strerror(errno)), kFolderHint);
}

/// Removes snapshots to stay within the limit; all of them without one. Call it with lock_names() held.
void SnapshotStore::make_room(std::optional<std::uint64_t> limit_bytes, const std::string &spared,
                              Removed &removed) const {
  std::vector<SnapshotInfo> snapshots = list();
  std::uint64_t total = 0;
  for (const SnapshotInfo &info : snapshots) total += info.disk_bytes;
  std::reverse(snapshots.begin(), snapshots.end());
  std::stable_partition(snapshots.begin(), snapshots.end(), [](const auto &info) { return !info.damage.empty(); });
  for (const SnapshotInfo &info : snapshots) {
    if (limit_bytes && total <= *limit_bytes && info.damage.empty()) break;
    if (info.key == spared) continue;
    const auto held = storage::FileLock::try_take(lock_file(info.key));
    if (!held) continue;
    if (move_aside(info.key, removed)) total -= info.disk_bytes;
    std::error_code ignored;
    fs::remove(lock_file(info.key), ignored);  // ours, and not needed before the snapshot is made again
  }
}

/// Removes and reports a snapshot, unless another process has removed it meanwhile, and perhaps made it again.
void SnapshotStore::discard_damaged(const FoundSnapshot &found) const {
  const SnapshotInfo &info = found.info;
  const fs::path path = folder_ / info.key;
  try {
    Removed removed;
    const storage::FileLock names = lock_names();
    if (!is_at(found, path)) return;
    move_aside(info.key, removed);
  } catch (const base::Error &) {
    // It cannot be removed; keep() will report why.
  }
  if (is_news(path)) notices_->say(fmt::format("snapshot {} is damaged ({}): it is made again", info.key, info.damage));
}

/// Opens a snapshot and marks it as used. Removes and reports one that is damaged at first sight.
std::optional<FoundSnapshot> SnapshotStore::find(const std::string &key) const {
  check_key(key);
  std::optional<FoundSnapshot> found = find_snapshot(folder_ / key);
  if (!found) return std::nullopt;
  if (!found->info.damage.empty()) {
    discard_damaged(*found);
    return std::nullopt;
  }
  // Before it is read, so that other processes remove it last. A read-only cache works, too.
  if (::futimens(found->manifest.get(), nullptr) == 0) found->info.used = std::chrono::system_clock::now();
  return found;
}

/// Returns whether the bytes that were read are those that were kept. If not, removes and reports the snapshot.
bool SnapshotStore::check(FoundSnapshot &found, const StateCopy &copy, const SnapshotPart &expected) const {
  if (copy.read_error == 0 && copy.checksum == expected.checksum) return true;
  found.info.damage = copy.read_error == 0 ? "checksum differs"
                                           : fmt::format("state cannot be read: {}", std::strerror(copy.read_error));
  discard_damaged(found);
  return false;
}

bool SnapshotStore::check_all(FoundSnapshot &found) const {
  const SnapshotInfo &info = found.info;
  return check(found, sum_state(found.state.get()), info.state) &&
         (!info.memory || check(found, sum_state(found.memory.get()), *info.memory));
}

bool SnapshotStore::copy_part(FoundSnapshot &found, int from, const fs::path &to, const SnapshotPart &expected) const {
  ::unlink(to.c_str());
  Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target) cannot_write(to, errno);
  Discard unfinished(to);
  const StateCopy copy = copy_state(from, target.get());
  if (copy.write_error != 0) cannot_write(to, copy.write_error);
  if (target.close() != 0) cannot_write(to, errno);
  if (!check(found, copy, expected)) return false;
  unfinished.leave();
  return true;
}

bool SnapshotStore::copy(FoundSnapshot &found, const StateFiles &to) const {
  const SnapshotInfo &info = found.info;
  if (!copy_part(found, found.state.get(), to.state, info.state)) return false;
  if (!info.memory) return true;
  Discard unfinished(to.state);
  if (!copy_part(found, found.memory.get(), to.memory, *info.memory)) return false;
  unfinished.leave();
  return true;
}

class SnapshotStore::Lent : public SavedState {
 public:
  Lent(SnapshotStore &store, FoundSnapshot found) : store_(store), found_(std::move(found)) {}

  int descriptor() const override { return found_.state.get(); }
  int memory_descriptor() const override { return found_.info.memory ? found_.memory.get() : -1; }
  bool is_sound() override { return store_.check_all(found_); }
  bool copy_to(const StateFiles &to) override { return store_.copy(found_, to); }

 private:
  SnapshotStore &store_;
  FoundSnapshot found_;
};

std::unique_ptr<SavedState> SnapshotStore::lend(const std::string &key) {
  std::optional<FoundSnapshot> found = find(key);
  if (!found) return nullptr;
  return std::make_unique<Lent>(*this, std::move(*found));
}

/// Creates a folder whose name marks it as unfinished, locked before another process can check whether its maker lives.
fs::path SnapshotStore::begin_partial(const std::string &key, Descriptor &maker) const {
  storage::make_folder(folder_);
  Removed rubbish;
  const storage::FileLock names = lock_names();
  sweep(rubbish);
  fs::path path = unused_name(key);
  if (::mkdir(path.c_str(), 0700) != 0) cannot_keep(folder_, errno);
  maker = Descriptor(::open((path / kMaker).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (maker && ::flock(maker.get(), LOCK_EX | LOCK_NB) == 0) return path;
  const int number = errno;
  rubbish.add(path);
  cannot_keep(folder_, number);
}

void SnapshotStore::keep(const std::string &key, const StateFiles &made, const SnapshotInfo &info) {
  check_key(key);
  const Descriptor state = open_made(made.state);
  const Descriptor memory = made.memory.empty() ? Descriptor() : open_made(made.memory);
  Descriptor maker;
  const fs::path partial = begin_partial(key, maker);
  Discard unfinished(partial);
  SnapshotInfo kept = info;
  kept.key = key;
  const OpenState from{.state = state.get(), .memory = memory ? memory.get() : -1};
  const FillErrors errors = fill_snapshot(partial, from, std::move(kept));
  if (errors.read_error != 0) cannot_read(errors.of_memory ? made.memory : made.state, errors.read_error);
  if (errors.write_error != 0) cannot_keep(folder_, errors.write_error);

  Removed removed;
  const storage::FileLock names = lock_names();
  if (::unlink((partial / kMaker).c_str()) != 0) cannot_keep(folder_, errno);
  move_aside(key, removed);
  if (::rename(partial.c_str(), (folder_ / key).c_str()) != 0) cannot_keep(folder_, errno);
  unfinished.leave();
  make_room(limit_bytes_, key, removed);
}

std::vector<SnapshotInfo> SnapshotStore::list() const {
  std::vector<SnapshotInfo> snapshots;
  std::error_code error;
  fs::directory_iterator entry(folder_, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!is_key(entry->path().filename().string())) continue;
    if (auto found = find_snapshot(entry->path())) snapshots.push_back(std::move(found->info));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw base::Error(base::Code::cannot_read, fmt::format("cannot read {}: {}", folder_.string(), error.message()),
                      kFolderHint);
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const SnapshotInfo &a, const SnapshotInfo &b) {
    return a.used != b.used ? a.used > b.used : a.key < b.key;
  });
  return snapshots;
}

std::uint64_t SnapshotStore::prune(std::uint64_t limit_bytes) {
  Removed removed;
  const storage::FileLock names = lock_names();
  sweep(removed);
  make_room(limit_bytes, {}, removed);
  return removed.bytes;
}

std::uint64_t SnapshotStore::clear() {
  Removed removed;
  const storage::FileLock names = lock_names();
  sweep(removed);
  make_room(std::nullopt, {}, removed);
  return removed.bytes;
}

}  // namespace kmodtest::vm
