// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/kmemleak.hpp"

#include <gmock/gmock.h>

namespace kmodtest::observe {
namespace {

using ::testing::ElementsAre;
using Frame = UnreferencedObject::Frame;

constexpr const char *kTwo =
    "unreferenced object 0xffff888004c6e000 (size 128):\n"
    "  comm \"insmod\", pid 87, jiffies 4294892345 (age 10.004s)\n"
    "  hex dump (first 32 bytes):\n"
    "    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................\n"
    "    [<00000000deadbeef>] no frame\n"
    "  backtrace:\n"
    "    [<00000000fc8b4a3c>] kmalloc_trace+0x26/0xc0\n"
    "    [<000000004a5a1e8c>] 0xffffffffc020d01c\n"
    "    [<00000000117e33ad>] do_one_initcall+0x5b/0x300\n"
    "unreferenced object 0xffff888004c6f000 (size 64):\n"
    "  comm \"with \"quotes\", pid 88, jiffies 4294892346 (age 9.004s)\n"
    "  backtrace (crc 0):\n"
    "    [<00000000fc8b4a3d>] ex_open+0x10/0x40 [ex]\n";

TEST(Kmemleak, ReadsObjectsWithTheirStacks) {
  const auto objects = parse_kmemleak(kTwo);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].bytes, 128U);
  EXPECT_EQ(objects[0].task, "insmod");
  EXPECT_THAT(objects[0].frames, ElementsAre(Frame{"kmalloc_trace+0x26", "", 0}, Frame{"", "", 0xffffffffc020d01c},
                                             Frame{"do_one_initcall+0x5b", "", 0}));
  EXPECT_EQ(objects[0].lines.size(), 9U);
  EXPECT_EQ(objects[1].bytes, 64U);
  EXPECT_THAT(objects[1].frames, ElementsAre(Frame{"ex_open+0x10", "ex", 0}));
}

TEST(Kmemleak, LeavesOutWhatIsCutOff) {
  EXPECT_TRUE(parse_kmemleak("").empty());
  EXPECT_TRUE(parse_kmemleak("unreferenced object 0xffff888004c6e000 (size 1").empty());
  EXPECT_TRUE(parse_kmemleak("unreferenced object 0xffff888004c6e000\n    [<00>] f+0x1/0x2\n").empty());
  const std::string text = kTwo;
  for (std::size_t end = 0; end < text.size(); ++end) EXPECT_LE(parse_kmemleak(text.substr(0, end)).size(), 2U);
}

}  // namespace
}  // namespace kmodtest::observe
