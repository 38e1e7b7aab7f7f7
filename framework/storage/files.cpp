// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/files.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/write_error.hpp"

namespace kmodtest::storage {
namespace {

constexpr std::size_t kSmallest = 4096;
constexpr std::uint64_t kBlockBytes = 512;  // stat(2), st_blocks: independent of the file system's own block size
constexpr const char *kFreeSpaceHint = "free some space, or set KMODTEST_CACHE to a folder on another disk";
constexpr const char *kCacheHint = "set KMODTEST_CACHE to a folder that you can write to";

std::string read_hint(int number) {
  return number == ENOENT ? "correct the path" : "check its permissions";
}

[[noreturn]] void fail(const char *what, const std::filesystem::path &path, int number) {
  throw base::Error(base::code_of_write(number),
                    fmt::format("cannot {} {}: {}", what, path.string(), base::reason_of_write(number)),
                    base::is_disk_full(number) ? kFreeSpaceHint : kCacheHint);
}

/// Returns no descriptor if LOCK_NB is among the flags and the lock is held elsewhere.
base::Descriptor take_lock(const std::filesystem::path &file, int flags) {
  make_folder(file.parent_path());
  while (true) {
    base::Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!descriptor) fail("open the lock file", file, errno);
    while (::flock(descriptor.get(), flags) != 0) {
      if (errno == EWOULDBLOCK) return base::Descriptor();
      if (errno != EINTR) fail("lock", file, errno);
    }
    // The previous holder can have removed the file meanwhile; then the next one locks another file of that name.
    struct stat attributes {};
    if (::fstat(descriptor.get(), &attributes) != 0) fail("lock", file, errno);
    if (attributes.st_nlink > 0) return descriptor;
  }
}

}  // namespace

std::string read_whole_file(const std::filesystem::path &file) {
  const auto cannot_read = [&](int number) {
    return base::Error(base::Code::cannot_read, fmt::format("cannot read {}: {}", file.string(), std::strerror(number)),
                       read_hint(number));
  };
  const base::Descriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) throw cannot_read(errno);
  struct stat attributes {};
  if (::fstat(from.get(), &attributes) == 0 && S_ISDIR(attributes.st_mode)) {
    throw base::Error(base::Code::cannot_read, fmt::format("cannot read {}: it is a folder", file.string()),
                      "name a file");
  }
  // One byte more than expected, to detect the end; files below /proc and /sys have no size.
  std::string bytes(static_cast<std::size_t>(attributes.st_size) + 1, '\0');
  std::size_t count = 0;
  while (true) {
    const ssize_t got = ::read(from.get(), bytes.data() + count, bytes.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot_read(errno);
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
    if (count == bytes.size()) bytes.resize(count + std::max(count, kSmallest));
  }
  bytes.resize(count);
  return bytes;
}

void write_whole_file(const std::filesystem::path &file, std::string_view bytes) {
  // Other threads and processes might write the same file; the last rename wins, and each result is complete.
  static std::atomic<unsigned> counter{0};
  const std::filesystem::path temporary = fmt::format("{}.{}-{}.partial", file.string(), ::getpid(), ++counter);
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("write", file, errno);
  int number = 0;
  while (!bytes.empty() && number == 0) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      number = errno;
    }
  }
  if (::close(descriptor) != 0 && number == 0) number = errno;
  if (number == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) number = errno;
  if (number != 0) {
    ::unlink(temporary.c_str());
    fail("write", file, number);
  }
}

void make_folder(const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("make the folder", folder, error.value());
}

void remove_folder(const std::filesystem::path &folder) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) fail("remove", folder, error.value());
}

std::uint64_t disk_usage(const std::filesystem::path &path) {
  struct stat attributes {};
  if (::lstat(path.c_str(), &attributes) != 0) return 0;
  if (!S_ISDIR(attributes.st_mode)) return static_cast<std::uint64_t>(attributes.st_blocks) * kBlockBytes;
  std::uint64_t bytes = 0;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    bytes += disk_usage(entry->path());
    entry.increment(error);
  }
  return bytes;
}

FileLock::FileLock(const std::filesystem::path &file) : descriptor_(take_lock(file, LOCK_EX)) {}

std::unique_ptr<FileLock> FileLock::try_take(const std::filesystem::path &file) {
  base::Descriptor descriptor = take_lock(file, LOCK_EX | LOCK_NB);
  return descriptor ? std::unique_ptr<FileLock>(new FileLock(std::move(descriptor))) : nullptr;
}

}  // namespace kmodtest::storage
