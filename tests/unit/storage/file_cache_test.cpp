// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/file_cache.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::storage {
namespace {

class FileCacheTest : public ::testing::Test {
 protected:
  std::string get(const std::vector<std::filesystem::path> &files) {
    return *cache_.get(files, [&] {
      ++reads_;
      std::string all;
      for (const auto &file : files) all += read_whole_file(file);
      return all;
    });
  }

  support::ScratchFolder scratch_;
  FileCache<std::string> cache_;
  int reads_ = 0;
};

TEST_F(FileCacheTest, ReadsAFileOnceUntilItChanges) {
  const auto file = scratch_.write("a", "one");
  EXPECT_EQ(get({file}), "one");
  EXPECT_EQ(get({file}), "one");
  EXPECT_EQ(reads_, 1);
  scratch_.write("b", "two");
  std::filesystem::rename(scratch_.path() / "b", file);  // of the same size, maybe in the same tick of the clock
  EXPECT_EQ(get({file}), "two");
  EXPECT_EQ(reads_, 2);
}

TEST_F(FileCacheTest, LooksAtAllOfTheFiles) {
  const auto a = scratch_.write("a", "a"), b = scratch_.write("b", "b");
  EXPECT_EQ(get({a, b}), "ab");
  EXPECT_EQ(get({a}), "a");
  scratch_.write("b", "other");
  EXPECT_EQ(get({a, b}), "aother");
  EXPECT_EQ(get({a}), "a");
  EXPECT_EQ(reads_, 3);
}

TEST_F(FileCacheTest, KeepsNoProblem) {
  const auto missing = scratch_.path() / "a";
  EXPECT_THROW(cache_.get({missing}, []() -> std::string { throw std::runtime_error("gone"); }), std::runtime_error);
  EXPECT_EQ(*cache_.get({missing}, [] { return std::string("there"); }), "there");
}

TEST_F(FileCacheTest, ForgetsTheOldest) {
  for (int i = 0; i < 20; ++i) get({scratch_.write(std::to_string(i), "x")});
  get({scratch_.path() / "19"});
  EXPECT_EQ(reads_, 20);
  get({scratch_.path() / "0"});
  EXPECT_EQ(reads_, 21);
}

}  // namespace
}  // namespace kmodtest::storage
