// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/files.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.hpp"

namespace kmodtest::kernel {
namespace {

std::string reason(int number) {
  return number == ENOSPC || number == EDQUOT ? "the disk is full" : std::strerror(number);
}

constexpr const char *kFreeSpaceHint = "free some space, or set KMODTEST_CACHE to a folder on another disk";
constexpr const char *kCacheHint = "set KMODTEST_CACHE to a folder that you can write to";

[[noreturn]] void fail(const char *what, const std::filesystem::path &path, int number) {
  throw base::Error(fmt::format("cannot {} {}: {}", what, path.string(), reason(number)),
                    number == ENOSPC || number == EDQUOT ? kFreeSpaceHint : kCacheHint);
}

}  // namespace

std::string read_whole_file(const std::filesystem::path &file) {
  errno = 0;
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    throw base::Error(fmt::format("cannot read {}: it is a folder", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw base::Error(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
  std::string bytes;
  const auto size = std::filesystem::file_size(file, error);
  if (!error) bytes.reserve(size);
  bytes.assign(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) throw base::Error(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
  return bytes;
}

void write_whole_file(const std::filesystem::path &file, std::string_view bytes) {
  // Other threads and processes may write the same file; the last rename wins, and each is whole.
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

FileLock::FileLock(const std::filesystem::path &file) {
  make_folder(file.parent_path());
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("open the lock file", file, errno);
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int number = errno;
    ::close(descriptor_);
    fail("lock", file, number);
  }
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace kmodtest::kernel
