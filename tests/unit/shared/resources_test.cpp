// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kmodtest::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Majors, AreReadOfBothKinds) {
  EXPECT_THAT(shared::parse_majors("Character devices:\n  1 mem\n  4 /dev/vc/0\n240 left behind\n\n"
                                   "Block devices:\n259 blkext\n"),
              ElementsAre(wire::MajorRecord{false, 1, "mem"}, wire::MajorRecord{false, 4, "/dev/vc/0"},
                          wire::MajorRecord{false, 240, "left behind"}, wire::MajorRecord{true, 259, "blkext"}));
  EXPECT_THAT(shared::parse_majors(""), IsEmpty());
  EXPECT_THAT(shared::parse_majors("Block devices:\nx y\n7\n"), IsEmpty());
}

TEST(Vmalloc, OnlyCallersWithoutANameCount) {
  // Recorded on 6.1, after unloading a module that had not called vfree().
  EXPECT_THAT(
      shared::parse_vmalloc("0x(____ptrval____)-0x(____ptrval____)   20480 irq_init_percpu_irqstack+0xf0/0x120 vmap\n"
                            "0x(____ptrval____)-0x(____ptrval____)    8192 0xffffffffc0210098 pages=1 vmalloc N0=1\n"
                            "0xffffc90000000000-0xffffc90000003000   12288 0xffffffffc0201010 pages=2 vmalloc N0=2\n"
                            "0x(____ptrval____)-0x(____ptrval____)   20480 unpurged vm_area\n"
                            "0x(____ptrval____)-0x(____ptrval____)\n"),
      ElementsAre(wire::VmallocRecord{8192, 0xffffffffc0210098}, wire::VmallocRecord{12288, 0xffffffffc0201010}));
}

// Recorded on 6.1: a timer that is stopped, armed again and fires, one that stays, an hrtimer that stays.
constexpr char kTrace[] =
    "# tracer: nop\n#\n# entries-in-buffer/entries-written: 90/90   #P:2\n#\n"
    " kmodtest-worker-84      [000] d..1.    13.752743: timer_start: timer=ffffc900003e3d50 "
    "function=0xffffffffc020b020 expires=4295795726 [timeout=900000] cpu=0 idx=346 flags=\n"
    " kmodtest-worker-84      [000] d..1.    13.752745: timer_cancel: timer=ffffc900003e3d50\n"
    " kmodtest-worker-84      [000] d..1.    13.752750: timer_start: timer=ffffc900003e3d50 "
    "function=0xffffffffc020b020 expires=4294895727 [timeout=1] cpu=0 idx=48 flags=\n"
    "     rcu_preempt-15      [000] d..1.    13.754344: timer_cancel: timer=ffffc90000083e38\n"
    "          <idle>-0       [000] d.s2.    13.758188: timer_cancel: timer=ffffc900003e3d50\n"
    " kmodtest-worker-84      [001] d..1.    13.872304: hrtimer_start: hrtimer=ffff888005581700 "
    "function=0xffffffffc020b030 expires=3614138134052 softexpires=3614138134052 mode= was_armed=0\n"
    "            init-1       [000] d..1.    13.872431: hrtimer_cancel: hrtimer=ffffc90000013778\n"
    " kmodtest-worker-84      [000] d..1.    13.981229: timer_start: timer=ffff88800542a180 "
    "function=0xffffffffc020b020 expires=4295795783 [timeout=900000] cpu=0 idx=346 flags=\n";

TEST(TimerTrace, LeavesWhatIsStillArmed) {
  EXPECT_THAT(shared::parse_timer_trace(kTrace),
              ElementsAre(wire::TimerRecord{false, 0xffff88800542a180, 0xffffffffc020b020, ""},
                          wire::TimerRecord{true, 0xffff888005581700, 0xffffffffc020b030, ""}));
}

// A kernel that cannot move itself has its modules at lower addresses.
TEST(TimerTrace, KnowsTheModulesOfAKernelWithoutKaslr) {
  const std::string trace =
      " a-84 [000] d..1. 13.981229: timer_start: timer=ffff88800542a180 function=0xffffffffa0001020 expires=42\n"
      " a-84 [000] d..1. 13.981230: timer_start: timer=ffff88800542a190 function=0xffffffff81001020 expires=42\n";
  EXPECT_THAT(shared::parse_timer_trace(trace),
              ElementsAre(wire::TimerRecord{false, 0xffff88800542a180, 0xffffffffa0001020, ""}));
}

// Recorded on 6.1, which reports no cancel of an hrtimer that fires: one fires once, one restarts itself, and a third
// fires twice and then no more.
TEST(TimerTrace, AnHrtimerThatHasFiredIsNotArmed) {
  const std::string fires = ": hrtimer_expire_entry: hrtimer=ffffffffc02134",
                    function = " function=0xffffffffc0211057 ";
  const std::string starts = ": hrtimer_start: hrtimer=ffffffffc02134";
  const std::string trace = " a-79 [000] d..1. 13.765763" + starts + "60" + function + "mode= was_armed=0\n" +
                            " a-79 [000] d..1. 13.765768" + starts + "20" + function + "mode= was_armed=0\n" +
                            " a-79 [000] d..1. 13.765773" + starts + "e0" + function + "mode= was_armed=0\n" +
                            " <idle>-0 [000] d.h1. 13.785771" + fires + "20" + function + "now=14069083945\n" +
                            " <idle>-0 [000] d.h2. 13.785787" + starts + "20" + function + "mode= was_armed=0\n" +
                            " <idle>-0 [000] d.h1. 13.795771" + fires + "60" + function + "now=14099078629\n" +
                            " <idle>-0 [000] d.h1. 13.805771" + fires + "e0" + function + "now=14109078629\n" +
                            " <idle>-0 [000] d.h2. 13.805781" + starts + "e0" + function + "mode= was_armed=0\n" +
                            " <idle>-0 [000] d.h1. 13.815771" + fires + "e0" + function + "now=14119078629\n";
  EXPECT_THAT(shared::parse_timer_trace(trace),
              ElementsAre(wire::TimerRecord{true, 0xffffffffc0213420, 0xffffffffc0211057, ""}));
}

TEST(TimerTrace, FindsAStaticDelayedWorkByItsTimer) {
  EXPECT_THAT(
      shared::parse_timer_trace(" a-1 [000] d..1. 1.5: timer_start: timer=ffffffffc0203040 "
                                "function=delayed_work_timer_fn expires=1 [timeout=9] cpu=0 idx=1 flags=I\n"
                                " a-1 [000] d..1. 1.6: timer_start: timer=ffff888005581700 function=process_timeout "
                                "expires=1 [timeout=9] cpu=0 idx=1 flags=\n"),
      ElementsAre(wire::TimerRecord{false, 0xffffffffc0203040, 0, "delayed_work_timer_fn"}));
}

TEST(TimerTrace, ForgetsWhatWasBeforeALoss) {
  const std::string lost = "##### CPU 1 buffer started ####\n";
  EXPECT_THAT(shared::parse_timer_trace(kTrace + lost), IsEmpty());
  EXPECT_THAT(shared::parse_timer_trace(lost + kTrace), testing::SizeIs(2));
}

TEST(Slabinfo, CountsObjectsInUse) {
  EXPECT_THAT(shared::parse_slabinfo(
                  "slabinfo - version: 2.1\n"
                  "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
                  "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n"
                  "kmalloc-32          1004   1664     32  128    1 : tunables    0    0    0 : slabdata     13     "
                  "13      0\n"
                  "request_sock_subflow_v6      0      0    384   10    1 : tunables    0    0    0 : slabdata\n"),
              ElementsAre(wire::MemoryRecord{"kmalloc-32", true, 32, 1004},
                          wire::MemoryRecord{"request_sock_subflow_v6", true, 384, 0}));
}

TEST(Meminfo, TellsWhatTheKernelHoldsInPages) {
  constexpr char kMeminfo[] =
      "MemTotal:         223764 kB\nMemFree:          193896 kB\nBuffers:               0 kB\n"
      "Cached:             3528 kB\nAnonPages:           544 kB\nSlab:              15856 kB\n"
      "KernelStack:         784 kB\nPageTables:          168 kB\nSecPageTables:         0 kB\n"
      "VmallocUsed:        7148 kB\nPercpu:              256 kB\n";
  constexpr char kZoneinfo[] =
      "  pagesets\n    cpu: 0\n              count: 39\n              high:  265\n"
      "  vm stats threshold: 8\n    cpu: 1\n              count: 90\n";
  EXPECT_THAT(
      shared::parse_meminfo(kMeminfo, kZoneinfo),
      ElementsAre(wire::MemoryRecord{"VmallocUsed", false, 1024, 7148}, wire::MemoryRecord{"Percpu", false, 1024, 256},
                  wire::MemoryRecord{"pages", false, 1024, 2368 - 129 * 4}));
  EXPECT_THAT(shared::parse_meminfo("", ""), IsEmpty());
}

TEST(PerCpu, IsWhatWasAllocatedAndNotFreed) {
  const auto histogram = [](const std::string &hits) {
    return "# event histogram\n#\n# trigger info: hist:keys=common_type:vals=hitcount:size=128 [active]\n#\n\n"
           "{ common_type:        540 } hitcount:         " +
           hits + "\n\nTotals:\n    Hits: " + hits + "\n    Entries: 1\n    Dropped: 0\n";
  };
  EXPECT_EQ(shared::parse_percpu(histogram("41"), histogram("38")),
            (wire::MemoryRecord{wire::kPerCpuObjects, true, 0, 3}));
  EXPECT_EQ(shared::parse_percpu("", histogram("38")), std::nullopt);
  EXPECT_EQ(shared::parse_percpu(histogram("41"), "# Trigger info\n"), std::nullopt);
}

}  // namespace
}  // namespace kmodtest::observe
