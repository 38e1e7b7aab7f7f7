// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/slab_object.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <string>

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kMap = 0xffff888000000000, kPages = 0xffffea0000000000;
constexpr std::uint64_t kCache = kMap + 0x9000, kName = kMap + 0xa000;
constexpr std::uint64_t kSlabFlag = 1u << 9;

/// The guest's memory, by words; what is not there is not mapped.
std::map<std::uint64_t, std::uint64_t> guest;

bool read_words(std::uint64_t address, void *to, std::size_t bytes) {
  std::memset(to, 0, bytes);
  for (std::size_t at = 0; at < bytes; at += 8) {
    const auto word = guest.find(address + at);
    if (word == guest.end()) return false;
    std::memcpy(static_cast<char *>(to) + at, &word->second, std::min<std::size_t>(8, bytes - at));
  }
  return true;
}

std::uint64_t page_of(std::uint64_t address) {
  return kPages + (address - kMap) / 4096 * 64;
}

class SlabObjectTest : public testing::Test {
 protected:
  void SetUp() override {
    guest.clear();
    guest[kCache + 24] = 96;  // the size of an object
    guest[kCache + 96] = kName;
    std::memcpy(&guest[kName], "kmalloc-", 8);
    std::memcpy(&guest[kName + 8], "96\0\0\0\0\0", 8);
    guest[kName + 16] = guest[kName + 24] = 0;
  }
  wire::AccessSeen name(std::uint64_t address) {
    wire::AccessSeen seen;
    seen.address = address;
    name_slab_object(read_words, layout_, seen);
    return seen;
  }

  wire::SlabLayout layout_{.head = 8, .flags = 0, .type = 48, .flag = kSlabFlag, .cache = 16, .name = 96, .size = 24};
};

TEST_F(SlabObjectTest, NamesTheCacheAndThePlaceInTheObject) {
  const std::uint64_t page = page_of(kMap + 0x5000);
  guest[page] = kSlabFlag;
  guest[page + 8] = 0;
  guest[page + 16] = kCache;
  const wire::AccessSeen seen = name(kMap + 0x5000 + 2 * 96 + 20);
  EXPECT_STREQ(seen.cache.data(), "kmalloc-96");
  EXPECT_EQ(seen.in_object, 20);
}

TEST_F(SlabObjectTest, FollowsAPageToTheFirstOne) {
  const std::uint64_t first = page_of(kMap + 0x4000), page = page_of(kMap + 0x5000);
  guest[page + 8] = first + 1;
  guest[first] = kSlabFlag;
  guest[first + 16] = kCache;
  EXPECT_EQ(name(kMap + 0x5000).in_object, 0x1000 % 96);
  guest[page + 8] = ~std::uint64_t{0x7f} + 1;  // since 7.0: a mask, and one
  EXPECT_EQ(name(kMap + 0x5000).in_object, 0x1000 % 96);
}

TEST_F(SlabObjectTest, KnowsTheTypeOfAPage) {
  layout_.flag = 0;
  layout_.slab_type = 0xf5;
  const std::uint64_t page = page_of(kMap + 0x5000);
  guest[page + 8] = 0;
  guest[page + 16] = kCache;
  guest[page + 48] = 0xf5000000;
  EXPECT_STREQ(name(kMap + 0x5000).cache.data(), "kmalloc-96");
  guest[page + 48] = 0xf0000000;
  EXPECT_STREQ(name(kMap + 0x5000).cache.data(), "");
}

TEST_F(SlabObjectTest, NamesNothingElse) {
  EXPECT_STREQ(name(0xffffffffc0203000).cache.data(), "") << "a module's variable";
  EXPECT_STREQ(name(kMap + 0x5000).cache.data(), "") << "a page of no slab";
  layout_ = {};
  EXPECT_STREQ(name(kMap + 0x5000).cache.data(), "") << "a kernel of which nothing is known";
}

}  // namespace
}  // namespace kmodtest::emulator
