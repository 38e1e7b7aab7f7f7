// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "vm/snapshots/snapshot_copy.hpp"
#include "vm/snapshots/snapshot_manifest.hpp"

namespace kmodtest::vm {
namespace fs = std::filesystem;
using base::Descriptor;
using SystemClock = std::chrono::system_clock;
namespace {

constexpr const char *kState = "state.qcow2";
constexpr const char *kMemory = "memory";
constexpr const char *kManifest = "manifest.json";
constexpr std::size_t kLongestManifest = 64 * 1024;

/// Throws for temporary errors, which are not a property of the file that could not be opened.
void throw_if_passing(int number, const fs::path &snapshot) {
  if (number != EMFILE && number != ENFILE && number != ENOMEM) return;
  throw base::Error(base::Code::snapshot_unreadable,
                    fmt::format("cannot open the snapshot {}: {}", snapshot.string(), std::strerror(number)),
                    "`kmodtest cache clear` removes the snapshots; they are made again");
}

SystemClock::time_point time_of(const timespec &time) {
  return SystemClock::time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// Opens a file of the snapshot. If that fails, `damage` has the reason.
Descriptor open_part(const fs::path &snapshot, int folder, const char *name, const char *what, std::string &damage) {
  // O_NONBLOCK: opening a FIFO would block.
  Descriptor part(::openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!part) {
    const int number = errno;
    throw_if_passing(number, snapshot);
    damage = number == ENOENT ? fmt::format("{} is missing", what)
                              : fmt::format("{} cannot be read: {}", what, std::strerror(number));
    return part;
  }
  struct stat attributes {};
  if (::fstat(part.get(), &attributes) == 0 && S_ISREG(attributes.st_mode)) return part;
  damage = fmt::format("{} is not a file", what);
  return Descriptor();
}

/// Reads the manifest into `info`; with damage the rest of it is empty.
void read_manifest_file(int manifest, SnapshotInfo &info) {
  std::string text(kLongestManifest, '\0');
  const ssize_t count = ::pread(manifest, text.data(), text.size(), 0);
  if (count < 0) {
    info.damage = fmt::format("manifest cannot be read: {}", std::strerror(errno));
    return;
  }
  text.resize(static_cast<std::size_t>(count));
  info = read_manifest(text, info.key);
}

/// Opens a file of the snapshot that has a size in the manifest.
Descriptor open_sized_part(const fs::path &snapshot, int folder, const char *name, const SnapshotPart &expected,
                           std::string &damage) {
  Descriptor part = open_part(snapshot, folder, name, fs::path(name).stem().c_str(), damage);
  struct stat attributes {};
  if (!part || ::fstat(part.get(), &attributes) != 0) return part;
  if (static_cast<std::uint64_t>(attributes.st_size) != expected.size_bytes) {
    damage = fmt::format("{} has {} bytes instead of {}", fs::path(name).stem().string(), attributes.st_size,
                         expected.size_bytes);
  }
  return part;
}

void look_into(FoundSnapshot &found, int folder, const fs::path &path) {
  SnapshotInfo &info = found.info;
  found.manifest = open_part(path, folder, kManifest, "manifest", info.damage);
  if (!found.manifest) return;
  read_manifest_file(found.manifest.get(), info);
  if (!info.damage.empty()) return;
  found.state = open_sized_part(path, folder, kState, info.state, info.damage);
  if (info.damage.empty() && info.memory.has_value()) {
    found.memory = open_sized_part(path, folder, kMemory, *info.memory, info.damage);
  }
}

/// Copies a file into a new one. Returns what the copy contains.
StateCopy copy_part(int from, const fs::path &to) {
  StateCopy failed;
  Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target) {
    failed.write_error = errno;
    return failed;
  }
  StateCopy copy = copy_state(from, target.get());
  if (target.close() != 0 && copy.write_error == 0) copy.write_error = errno;
  return copy;
}

int write_file(const fs::path &file, std::string_view bytes) {
  Descriptor to(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to) return errno;
  while (!bytes.empty()) {
    const ssize_t count = ::write(to.get(), bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return to.close() == 0 ? 0 : errno;
}

}  // namespace

bool is_at(const FoundSnapshot &found, const fs::path &path) {
  struct stat now {};
  if (::lstat(path.c_str(), &now) != 0) return found.inode == 0 && errno != ENOENT;
  return found.inode == 0 || (now.st_dev == found.device && now.st_ino == found.inode);
}

std::optional<FoundSnapshot> find_snapshot(const fs::path &path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  const int number = folder ? 0 : errno;
  if (number == ENOENT) return std::nullopt;
  throw_if_passing(number, path);
  FoundSnapshot found;
  found.info.key = path.filename().string();
  struct stat attributes {};
  if (!folder || ::fstat(folder.get(), &attributes) != 0) {
    found.info.damage = fmt::format("its folder cannot be read: {}", std::strerror(number));
    return found;
  }
  found.device = attributes.st_dev;
  found.inode = attributes.st_ino;
  look_into(found, folder.get(), path);
  if (found.manifest) ::fstat(found.manifest.get(), &attributes);
  found.info.used = time_of(attributes.st_mtim);
  found.info.disk_bytes = storage::disk_usage(path);
  // A snapshot that is being removed lacks its files, but has also been renamed.
  if (!found.info.damage.empty() && !is_at(found, path)) return std::nullopt;
  return found;
}

FillErrors fill_snapshot(const fs::path &folder, const OpenState &from, SnapshotInfo info) {
  const StateCopy state = copy_part(from.state, folder / kState);
  if (state.failed()) return {.read_error = state.read_error, .write_error = state.write_error};
  info.state = {.size_bytes = state.size_bytes, .checksum = state.checksum};
  if (from.memory >= 0) {
    const StateCopy memory = copy_part(from.memory, folder / kMemory);
    if (memory.failed()) return {.read_error = memory.read_error, .write_error = memory.write_error, .of_memory = true};
    info.memory = SnapshotPart{.size_bytes = memory.size_bytes, .checksum = memory.checksum};
  }
  info.made = SystemClock::now();
  return {.write_error = write_file(folder / kManifest, manifest_text(info))};
}

}  // namespace kmodtest::vm
