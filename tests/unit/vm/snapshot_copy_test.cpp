// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/snapshots/snapshot_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/descriptor.hpp"
#include "snapshot_fixture.hpp"

namespace kmodtest::vm {
namespace {

constexpr std::size_t kPage = 4096;

class StateCopyTest : public testing::Test {
 protected:
  /// Writes a file of `size` bytes that are holes except for `pieces`.
  fs::path sparse(const std::string &name, std::size_t size,
                  const std::vector<std::pair<std::size_t, std::string>> &pieces) {
    const fs::path file = scratch_.path() / name;
    const base::Descriptor to(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    EXPECT_EQ(::ftruncate(to.get(), static_cast<off_t>(size)), 0);
    for (const auto &[offset, bytes] : pieces) {
      EXPECT_EQ(::pwrite(to.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)),
                static_cast<ssize_t>(bytes.size()));
    }
    return file;
  }

  /// Copies a file to "copy" and expects equal bytes there.
  StateCopy copied(const fs::path &file) {
    const fs::path copy = scratch_.path() / "copy";
    const base::Descriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    const base::Descriptor to(::open(copy.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const StateCopy result = copy_state(from.get(), to.get());
    EXPECT_EQ(result.read_error, 0);
    EXPECT_EQ(result.write_error, 0);
    EXPECT_EQ(result.size_bytes, fs::file_size(file));
    EXPECT_TRUE(storage::read_whole_file(file) == storage::read_whole_file(copy)) << file;
    const StateCopy only_read = sum_state(from.get());
    EXPECT_EQ(only_read.checksum, result.checksum);
    EXPECT_EQ(only_read.size_bytes, result.size_bytes);
    return result;
  }
  std::string sum(const std::string &bytes) { return copied(sparse("file", bytes.size(), {{0, bytes}})).checksum; }

  const ScratchFolder scratch_;
};

TEST_F(StateCopyTest, KeepsBytesOfEverySizeAroundAPageAndAChunk) {
  for (const std::size_t size : {0ul, 1ul, kPage - 1, kPage, kPage + 1, 64 * kPage - 1, 64 * kPage, 64 * kPage + 1}) {
    sum(std::string(size, 'x'));
    sum(std::string(size, '\0'));
    if (size > 0) sum(std::string(size - 1, '\0') + 'x');
  }
}

TEST_F(StateCopyTest, KeepsHolesAndMakesThemOfZeros) {
  const std::size_t size = 300 * kPage + 17;
  const std::string page(kPage, 'p');
  const fs::path file = sparse(
      "file", size,
      {{10 * kPage, page}, {63 * kPage + 5, page}, {200 * kPage, std::string(50 * kPage, '\0')}, {size - 1, "e"}});
  const std::string checksum = copied(file).checksum;
  EXPECT_LT(storage::disk_usage(scratch_.path() / "copy"), 50 * kPage) << "the zeros were written";
  const fs::path again = scratch_.path() / "again", dense = scratch_.path() / "dense";
  fs::rename(scratch_.path() / "copy", again);
  EXPECT_EQ(copied(again).checksum, checksum);
  storage::write_whole_file(dense, storage::read_whole_file(file));
  EXPECT_EQ(copied(dense).checksum, checksum) << "how holes are stored does not matter";
}

TEST_F(StateCopyTest, TellsApartWhatOnlyHolesTellApart) {
  const std::string page(kPage, 'p');
  const std::vector<std::string> checksums = {
      copied(sparse("a", 8 * kPage, {{0, page}})).checksum,
      copied(sparse("b", 8 * kPage, {{kPage, page}})).checksum,
      copied(sparse("c", 9 * kPage, {{0, page}})).checksum,
      copied(sparse("d", 8 * kPage, {{0, page}, {kPage, page}})).checksum,
      copied(sparse("e", 8 * kPage, {{0, page}, {2 * kPage, page}})).checksum,
      copied(sparse("f", 8 * kPage, {})).checksum,
      copied(sparse("g", 9 * kPage, {})).checksum,
      copied(sparse("h", 0, {})).checksum,
  };
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    EXPECT_EQ(checksums[i].size(), 32u);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(checksums[i], checksums[j]) << i << " and " << j;
  }
}

TEST_F(StateCopyTest, HasTheChecksumOfTheReference) {
  // The value of XXH3_128bits("") in xxHash's specification (doc/xxhash_spec.md, seed 0).
  EXPECT_EQ(checksum_of(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(checksum_of("a"), checksum_of("b"));
}

TEST_F(StateCopyTest, SaysWhichSideFailed) {
  const fs::path file = sparse("file", 3, {{0, "abc"}});
  const base::Descriptor readable(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const base::Descriptor writable(::open((scratch_.path() / "to").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  EXPECT_EQ(copy_state(readable.get(), readable.get()).write_error, EBADF);
  EXPECT_EQ(copy_state(writable.get(), writable.get()).read_error, 0) << "it is empty: nothing is read";
  EXPECT_EQ(copy_state(-1, writable.get()).read_error, EBADF);
  EXPECT_EQ(sum_state(-1).read_error, EBADF);
  const base::Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(copy_state(readable.get(), full.get()).write_error, ENOSPC);
}

}  // namespace
}  // namespace kmodtest::vm
