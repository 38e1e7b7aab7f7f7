// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/procfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace kmodtest::observe {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

// Recorded on Debian's 6.1.0-56-cloud-amd64.
constexpr char kStat61[] =
    "87 (agent_probe_with_a_long_name) D 2 0 0 0 -1 69238848 0 0 0 0 0 0 0 0 20 0 1 0 498 0 0 18446744073709551615 0 0 "
    "0 0 0 0 0 2147483647 0 1 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
constexpr char kStatus61[] =
    "Name:\tagent_probe_with_a_long_name\nTgid:\t87\nCpus_allowed:\t2\nCpus_allowed_list:\t1\n"
    "voluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n";
// Recorded on the same kernel, of a user task.
constexpr char kUserStat[] =
    "89 (cat) R 87 87 0 0 -1 4194304 57 0 0 0 0 0 0 0 20 0 1 0 312 2379776 1 18446744073709551615 4198400 5785993 "
    "140720819952560 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 6141704 6178576 433778688 140720819953562 140720819953582 "
    "140720819953582 140720819953641 0\n";

TEST(ParseThread, TheInnermostFunctionOfAStackIsWhereAThreadWaits) {
  EXPECT_EQ(shared::innermost_function("[<0>] rescuer_thread+0x2f6/0x390\n[<0>] kthread+0x118/0x140\n"),
            "rescuer_thread");
  EXPECT_EQ(shared::innermost_function("[<0>] ext4_lazyinit_thread+0x28d/0x4a0 [ext4]\n"), "ext4_lazyinit_thread");
  for (const char *none : {"", "\n", "[<0>]", "[<0>] 0xffffffffffffffff\n", "kthread+0x118/0x140\n"})
    EXPECT_EQ(shared::innermost_function(none), "") << none;
}

TEST(ParseThread, ReadsAKernelThreadOfLinux61) {
  const auto thread = shared::parse_thread(kStat61, kStatus61, "agent_probe_with_a_long_name\n", "msleep");
  ASSERT_TRUE(thread);
  wire::ThreadRecord expected;
  expected.pid = 87;
  expected.tgid = 87;
  expected.ppid = 2;
  expected.name = "agent_probe_wit";
  expected.full_name = "agent_probe_with_a_long_name";
  expected.state = 'D';
  expected.cpu = 1;
  expected.allowed_cpus = "1";
  expected.voluntary_switches = 3;
  expected.involuntary_switches = 4;
  expected.start_time = microseconds(4'980'000);
  expected.kernel_thread = true;
  expected.waits_in = "msleep";
  EXPECT_EQ(*thread, expected);
}

TEST(ParseThread, TakesTheNameFromStatWithoutComm) {
  EXPECT_EQ(shared::parse_thread(kStat61, kStatus61, "", "")->full_name, "agent_probe_with_a_long_name");
}

TEST(ParseThread, KernelsBefore517CutTheName) {
  // The shape of 5.10: equal fields, but the kernel itself cuts the name.
  std::string stat = kStat61;
  stat.replace(stat.find("agent_probe_with_a_long_name"), 28, "agent_probe_wit");
  const auto thread = shared::parse_thread(stat, kStatus61, "agent_probe_wit\n", "0");
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->name, "agent_probe_wit");
  EXPECT_EQ(thread->full_name, "agent_probe_wit");
  EXPECT_EQ(thread->waits_in, "");
}

TEST(ParseThread, NamesMayHoldSpacesAndParentheses) {
  for (const std::string name : {"a) (b c", "(sd-pam)", ") R 1 2 3", " ", "x\ny", ")"}) {
    std::string stat = kUserStat;
    stat.replace(stat.find("cat"), 3, name);
    const auto thread = shared::parse_thread(stat, "", "", "");
    ASSERT_TRUE(thread) << name;
    EXPECT_EQ(thread->full_name, name);
    EXPECT_EQ(thread->state, 'R');
    EXPECT_EQ(thread->ppid, 87);
  }
}

TEST(ParseThread, ReadsAUserTask) {
  const auto thread = shared::parse_thread(kUserStat, "Tgid:\t80\nCpus_allowed_list:\t0-1\n", "cat\n", "");
  ASSERT_TRUE(thread);
  EXPECT_FALSE(thread->kernel_thread);
  EXPECT_EQ(thread->pid, 89);
  EXPECT_EQ(thread->tgid, 80);
  EXPECT_EQ(thread->allowed_cpus, "0-1");
  EXPECT_EQ(thread->voluntary_switches, 0u);
}

TEST(ParseThread, ATaskThatEndedInBetweenHasNoStatus) {
  const auto thread = shared::parse_thread(kStat61, "", "", "");
  ASSERT_TRUE(thread);
  EXPECT_EQ(thread->tgid, 87);
  EXPECT_EQ(thread->allowed_cpus, "");
}

TEST(ParseThread, RefusesWhatIsNoStat) {
  for (const char *stat : {"", "87", "87 (x", "87 x) D 2", "87 (x) D 2 0 0", "(x) D", "a (x) D 2 0 0 0 -1 1", "87 ()"})
    EXPECT_FALSE(shared::parse_thread(stat, kStatus61, "x", "0")) << stat;
  std::string stat = kStat61;
  stat.replace(stat.find(" D 2 "), 5, " DD 2 ");
  EXPECT_FALSE(shared::parse_thread(stat, kStatus61, "", ""));
}

TEST(ParseThread, RefusesAStartTimeThatNoClockHolds) {
  const std::string before = "77 (x) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 ";
  const std::string after = " 0 0 18446744073709551615 0 0 0 0 0 0 0 2147483647 0 1 0 0 17 0 0 0 0 0 0";
  EXPECT_TRUE(shared::parse_thread(before + "520" + after, "", "", "").has_value());
  EXPECT_FALSE(shared::parse_thread(before + "18446744073709550" + after, "", "", "").has_value());
  EXPECT_FALSE(shared::parse_thread(before + "-1" + after, "", "", "").has_value());
}

TEST(ParseModuleLine, ReadsAModuleUnderTest) {
  const auto module = shared::parse_module_line("agent_probe 16384 0 - Live 0xffffffffc0254000 (OE)\n");
  ASSERT_TRUE(module);
  EXPECT_EQ(module->name, "agent_probe");
  EXPECT_EQ(module->size, 16384u);
  EXPECT_EQ(module->users, 0);
  EXPECT_THAT(module->used_by, IsEmpty());
  EXPECT_EQ(module->state, "Live");
  EXPECT_EQ(module->address, 0xffffffffc0254000u);
  EXPECT_EQ(module->taint, "OE");
}

TEST(ParseModuleLine, ReadsDependants) {
  const auto module =
      shared::parse_module_line("virtio_ring 49152 3 virtio_console,virtio_pci,virtio, Live 0xffffffffc0247000");
  ASSERT_TRUE(module);
  EXPECT_EQ(module->users, 3);
  EXPECT_THAT(module->used_by, ElementsAre("virtio_console", "virtio_pci", "virtio"));
  EXPECT_EQ(module->taint, "");
}

TEST(ParseModuleLine, AModuleWithoutExitIsPermanent) {
  const auto module = shared::parse_module_line("x 1 2 user,[permanent], Loading 0x0000000000000000 (O+)");
  ASSERT_TRUE(module);
  EXPECT_THAT(module->used_by, ElementsAre("user"));
  EXPECT_EQ(module->state, "Loading");
  EXPECT_EQ(module->taint, "O+");
}

TEST(ParseModuleLine, AKernelThatCannotUnload) {
  EXPECT_EQ(shared::parse_module_line("x 1 - - Live 0x0")->users, -1);
}

TEST(ParseModuleLine, RefusesWhatIsNoLine) {
  for (const char *line :
       {"", "x", "x 1 0 - Live", "x y 0 - Live 0x0", "x 1 z - Live 0x0", "x 1 0 - Live 12", "x 1 0 - Live 0xg"})
    EXPECT_FALSE(shared::parse_module_line(line)) << line;
}

TEST(ParseCpuList, ReadsRangesInAnyOrder) {
  EXPECT_THAT(shared::parse_cpu_list("0-3,7"), Optional(ElementsAre(0, 1, 2, 3, 7)));
  EXPECT_THAT(shared::parse_cpu_list("7,1-2,2\n"), Optional(ElementsAre(1, 2, 7)));
  EXPECT_THAT(shared::parse_cpu_list("4095"), Optional(ElementsAre(4095)));
  EXPECT_THAT(shared::parse_cpu_list(""), Optional(IsEmpty()));
  EXPECT_THAT(shared::parse_cpu_list("0-4095,0-4095,0-4095")->size(), 4096u);
}

TEST(ParseCpuList, RefusesWhatIsMalformed) {
  for (const char *list :
       {"a", "1,", ",1", "1,,2", "1-", "-1", "3-1", "1 2", "4096", "0-4096", "1-2-3", "99999999999999"})
    EXPECT_FALSE(shared::parse_cpu_list(list)) << list;
}

TEST(FormatCpuList, IsTheShortestForm) {
  EXPECT_EQ(shared::format_cpu_list({7, 0, 1, 2, 3}), "0-3,7");
  EXPECT_EQ(shared::format_cpu_list({0, 1}), "0-1");
  EXPECT_EQ(shared::format_cpu_list({5, 5}), "5");
  EXPECT_EQ(shared::format_cpu_list({}), "");
}

TEST(SameCpus, ComparesSets) {
  EXPECT_TRUE(shared::same_cpus("0-1", "1,0"));
  EXPECT_TRUE(shared::same_cpus("", ""));
  EXPECT_FALSE(shared::same_cpus("0", "0-1"));
  EXPECT_FALSE(shared::same_cpus("x", "x"));
}

TEST(RenderPs, PrintsTheWholeName) {
  const auto thread = shared::parse_thread(kStat61, kStatus61, "", "");
  EXPECT_EQ(shared::render_ps({*thread}), "    PID STAT PSR COMMAND\n     87 D      1 agent_probe_with_a_long_name\n");
}

TEST(RenderLsmod, PrintsAsLsmodDoes) {
  const auto module = shared::parse_module_line("virtio 20480 2 virtio_console,virtio_pci, Live 0xffffffffc0259000");
  EXPECT_EQ(shared::render_lsmod({*module, *shared::parse_module_line("a_module_with_a_long_name 1 0 - Live 0x0")}),
            "Module                  Size  Used by\n"
            "virtio                 20480  2 virtio_console,virtio_pci\n"
            "a_module_with_a_long_name        1  0\n");
}

}  // namespace
}  // namespace kmodtest::observe
