// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/kmsg.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace kmodtest::observe {
namespace {

using std::chrono::microseconds;

TEST(ParseKmsg, ReadsARecordOfLinux61) {
  const auto line = shared::parse_kmsg("4,330,5007589,-;agent_probe: loading out-of-tree module taints kernel.\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->level, 4);
  EXPECT_EQ(line->facility, 0);
  EXPECT_EQ(line->sequence, 330u);
  EXPECT_EQ(line->time, microseconds(5007589));
  EXPECT_EQ(line->caller, "");
  EXPECT_EQ(line->text, "agent_probe: loading out-of-tree module taints kernel.");
}

TEST(ParseKmsg, ReadsTheCaller) {
  const auto task = shared::parse_kmsg("6,339,5140900,-,caller=T17;In thread function 2\n");
  ASSERT_TRUE(task);
  EXPECT_EQ(task->caller, "T17");
  EXPECT_EQ(task->text, "In thread function 2");
  const auto cpu = shared::parse_kmsg("4,12,77,c,later=1,caller=C3,more;x\n");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->caller, "C3");
}

TEST(ParseKmsg, DropsTheDictionary) {
  const auto line = shared::parse_kmsg(
      "6,326,4720461,-;virtio-pci 0000:00:01.0: enabling device (0000 -> 0003)\n SUBSYSTEM=pci\n "
      "DEVICE=+pci:0000:00:01.0\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->text, "virtio-pci 0000:00:01.0: enabling device (0000 -> 0003)");
}

TEST(ParseKmsg, UndoesEscapes) {
  const auto line = shared::parse_kmsg("11,335,5114847,-;od\\x1bd \\x5c ;caf\\xc3\\xa9\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->level, 3);
  EXPECT_EQ(line->facility, 1);
  EXPECT_EQ(line->text,
            "od\x1b"
            "d \\ ;caf\xc3\xa9");
}

TEST(ParseKmsg, KeepsWhatIsNoEscape) {
  EXPECT_EQ(shared::parse_kmsg("6,1,2,-;a\\x4")->text, "a\\x4");
  EXPECT_EQ(shared::parse_kmsg("6,1,2,-;a\\xzz\\n\\")->text, "a\\xzz\\n\\");
  EXPECT_EQ(shared::parse_kmsg("6,1,2,-;\\x00|")->text, std::string_view("\0|", 2));
}

TEST(ParseKmsg, TakesAnEmptyText) {
  EXPECT_EQ(shared::parse_kmsg("6,1,2,-;\n")->text, "");
}

TEST(ParseKmsg, TakesTheLargestValues) {
  const auto line = shared::parse_kmsg("2047,18446744073709551615,9223372036854775807,-;x\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->facility, 255);
  EXPECT_EQ(line->level, 7);
  EXPECT_EQ(line->sequence, 18446744073709551615u);
  EXPECT_EQ(line->time, microseconds::max());
}

TEST(ParseKmsg, RefusesWhatIsNoRecord) {
  for (const char *text :
       {"", "\n", ";", "6;x", "6,1;x", "6,1,2,-", "6,1,2,-\n;x", "x,1,2,-;x", "6,,2,-;x", "-6,1,2,-;x", " 6,1,2,-;x",
        "6,1,2 ,-;x", "2048,1,2,-;x", "6,18446744073709551616,2,-;x", "6,1,9223372036854775808,-;x", " KEY=value;x"})
    EXPECT_FALSE(shared::parse_kmsg(text)) << text;
}

TEST(RenderDmesg, PrintsAsDmesgDoes) {
  wire::KernelLogLine line;
  line.text = "In thread function 2";
  line.time = microseconds(5140900);
  EXPECT_EQ(shared::render_dmesg(line), "[    5.140900] In thread function 2");
  line.time = microseconds(0);
  EXPECT_EQ(shared::render_dmesg(line), "[    0.000000] In thread function 2");
  line.time = microseconds(123456000001);
  EXPECT_EQ(shared::render_dmesg(line), "[123456.000001] In thread function 2");
}

TEST(IsMarker, NeedsOurPrefixAndUserSpace) {
  EXPECT_TRUE(shared::is_marker(*shared::parse_kmsg("14,329,5005833,-;kmodtest: step 1: load agent_probe\n")));
  EXPECT_FALSE(shared::is_marker(*shared::parse_kmsg("6,329,5005833,-;kmodtest: step 1: a module prints this\n")));
  EXPECT_FALSE(shared::is_marker(*shared::parse_kmsg("14,329,5005833,-;a command wrote this\n")));
}

}  // namespace
}  // namespace kmodtest::observe
