// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_copy.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <new>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

namespace kmodtest::vm {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr int kNowhere = -1;
// Small enough for the second level of the caches. None of the alternatives (64 KiB to 4 MiB, copy_file_range with a
// hash over a mapping) was faster: 70 MB take 28 ms; with copy_file_range and the hash, 35 ms.
constexpr std::size_t kChunkBytes = 64 * kPageBytes;

std::string hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

bool all_zeros(const char *bytes, std::size_t count) {
  return bytes[0] == 0 && std::memcmp(bytes, bytes + 1, count - 1) == 0;
}

/// Consecutive pages that are not all zeros.
struct Run {
  std::uint64_t offset;
  std::uint64_t bytes;
};

class Sum {
 public:
  Sum() : state_(XXH3_createState(), XXH3_freeState) {
    if (!state_) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
  }

  void add(std::uint64_t offset, const char *bytes, std::size_t count) {
    XXH3_128bits_update(state_.get(), bytes, count);
    if (runs_.empty() || runs_.back().offset + runs_.back().bytes != offset)
      runs_.push_back({.offset = offset, .bytes = 0});
    runs_.back().bytes += count;
  }

  std::string end(std::uint64_t size) {
    // The number of runs and the size come last, so that one sequence of bytes has only one meaning.
    runs_.push_back({.offset = runs_.size(), .bytes = size});
    XXH3_128bits_update(state_.get(), runs_.data(), runs_.size() * sizeof(Run));
    return hex(XXH3_128bits_digest(state_.get()));
  }

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
  std::vector<Run> runs_;
};

/// Returns 0, or errno. Stops at the end of the file; `count` is the number of bytes read.
int read_at(int from, char *buffer, std::size_t &count, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got = ::pread(from, buffer + done, count - done, static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got > 0) done += static_cast<std::size_t>(got);
    if (got < 0 && errno != EINTR) return errno;
  }
  count = done;
  return 0;
}

int write_at(int to, const char *bytes, std::size_t count, std::uint64_t offset) {
  while (count > 0) {
    const ssize_t put = ::pwrite(to, bytes, count, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put == 0 ? ENOSPC : errno;
    bytes += put;
    count -= static_cast<std::size_t>(put);
    offset += static_cast<std::uint64_t>(put);
  }
  return 0;
}

/// Adds the pages of a chunk that are not all zeros to the checksum, and writes them unless `to` is kNowhere; returns
/// 0, or errno.
int copy_chunk(int to, Sum &sum, const char *bytes, std::size_t count, std::uint64_t offset) {
  const auto page_at = [&](std::size_t at) { return std::min(kPageBytes, count - at); };
  for (std::size_t at = 0; at < count;) {
    std::size_t end = at;
    while (end < count && !all_zeros(bytes + end, page_at(end))) end += page_at(end);
    if (end == at) {
      at += page_at(at);
      continue;
    }
    sum.add(offset + at, bytes + at, end - at);
    if (to != kNowhere) {
      if (const int number = write_at(to, bytes + at, end - at, offset + at)) return number;
    }
    at = end;
  }
  return 0;
}

StateCopy sum_and_copy(int from, int to) {
  StateCopy copy;
  struct stat attributes {};
  if (::fstat(from, &attributes) != 0) {
    copy.read_error = errno;
    return copy;
  }
  copy.size_bytes = static_cast<std::uint64_t>(attributes.st_size);
  Sum sum;
  const auto buffer = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  for (std::uint64_t at = 0; at < copy.size_bytes;) {
    const off_t data = ::lseek(from, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // a hole up to the end
    const off_t hole = data < 0 ? -1 : ::lseek(from, data, SEEK_HOLE);
    if (hole < 0) {
      copy.read_error = errno;
      return copy;
    }
    // If the file system's blocks are smaller, data can begin in the middle of a page.
    at = std::max(at, static_cast<std::uint64_t>(data) / kPageBytes * kPageBytes);
    while (at < std::min(static_cast<std::uint64_t>(hole), copy.size_bytes)) {
      std::size_t count = std::min<std::uint64_t>(kChunkBytes, copy.size_bytes - at);
      copy.read_error = read_at(from, buffer.get(), count, at);
      if (copy.read_error == 0 && count == 0) break;  // the file was cut meanwhile: the checksum will differ
      if (copy.read_error == 0) copy.write_error = copy_chunk(to, sum, buffer.get(), count, at);
      if (copy.read_error != 0 || copy.write_error != 0) return copy;
      at += count;
    }
    if (at < static_cast<std::uint64_t>(hole)) break;
  }
  if (to != kNowhere && ::ftruncate(to, attributes.st_size) != 0) copy.write_error = errno;
  copy.checksum = sum.end(copy.size_bytes);
  return copy;
}

}  // namespace

StateCopy copy_state(int from, int to) {
  return sum_and_copy(from, to);
}

StateCopy sum_state(int from) {
  return sum_and_copy(from, kNowhere);
}

std::string checksum_of(const std::string &text) {
  return hex(XXH3_128bits(text.data(), text.size()));
}

}  // namespace kmodtest::vm
