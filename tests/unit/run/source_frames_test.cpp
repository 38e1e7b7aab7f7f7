// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/source_frames.hpp"

#include <chrono>
#include <gtest/gtest.h>

#include "judge/evidence.hpp"
#include "judge/observations.hpp"
#include "kernel/symbols/symbols.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

/// The module of tests/data/symbols, next to its sources.
class TraceTest : public ::testing::Test {
 protected:
  TraceTest() {
    for (const char *name : {"places.c", "other.c", "places.ko"}) {
      fs::copy_file(fs::path(KMODTEST_TEST_DATA) / "symbols" / name, scratch_.path() / name);
      fs::last_write_time(scratch_.path() / name, fs::file_time_type::clock::now() - 1h);
    }
    kernel::ModuleInfo info;
    info.name = "places";
    info.file = scratch_.path() / "places.ko";
    seen_.modules = {info};
  }

  Lines trace(Lines details) {
    judge::Verdict verdict;
    verdict.evidence.emplace_back();
    verdict.evidence[0].details = std::move(details);
    add_source_frames(verdict, seen_, {});
    return verdict.evidence[0].trace;
  }

  support::ScratchFolder scratch_;
  judge::Observations seen_;
};

TEST_F(TraceTest, FramesOfTheModuleHaveTheirSource) {
  EXPECT_EQ(trace({"[    3.000000] BUG: kernel NULL pointer dereference, address: 0000000000000000",
                   "[    3.000001] CPU: 0 PID: 63 Comm: insmod Tainted: G           OE",
                   "[    3.000002] RIP: 0010:places_write+0x6/0x11 [places]", "[    3.000003] Call Trace:",
                   "[    3.000004]  <TASK>", "[    3.000005]  ? page_fault_oops+0x1d2/0x4d0",
                   "[    3.000006]  ? places_end+0x4/0x9 [places]", "[    3.000007]  places_read+0x17/0x1b [places]",
                   "[    3.000008]  another+0x17/0x1b [another]", "[    3.000009]  do_one_initcall+0x56/0x220",
                   "[    3.000010]  </TASK>", "[    3.000011] ---[ end trace 0000000000000000 ]---",
                   "[    3.000012] RIP: 0010:places_write+0x6/0x11 [places]"}),
            (Lines{"#0 places_write+0x6 [places]  poke(), places.c:16  *where = what;",
                   "     inlined into poke_twice(), places.c:22  poke(where + 64, 2);",
                   "     inlined into places_write(), places.c:27  poke_twice(where);",
                   "#1 places_read+0x17 [places]  places.c:37  return twin(3) + sum_of(4);"}));
}

TEST_F(TraceTest, AStackOfProcIsOneToo) {
  EXPECT_EQ(trace({"[<0>] msleep+0x2d/0x40\n[<0>] places_exit+0xd/0xe [places]"}),
            Lines{"#0 places_exit+0xd [places]  places.c:53  *places_pointer = 0;"});
}

TEST_F(TraceTest, AFrameThatRepeatsIsToldOnce) {
  const std::string line = " sum_of+0x9/0x11 [places]";
  EXPECT_EQ(trace({"RIP: 0010:sum_of+0x9/0x11 [places]", "Call Trace:", line, line, line,
                   " places_exit+0xd/0xe [places]", " places_exit+0xd/0xe [places]"}),
            (Lines{"#0 sum_of+0x9 [places]  other.c:14  }",
                   "#1 sum_of+0x9 [places]  other.c:13  return twin(number) + 1;", "     … repeated 2 times more",
                   "#4 places_exit+0xd [places]  places.c:53  *places_pointer = 0;", "     … repeated once more"}));
}

TEST_F(TraceTest, EachStackOfAReportIsNumberedByItself) {
  EXPECT_EQ(trace({"[    3.000000] BUG: KASAN: use-after-free in places_exit+0x7/0xe [places]",
                   "[    3.000001] CPU: 0 PID: 63 Comm: rmmod",
                   "[    3.000002] Call Trace:", "[    3.000003]  places_exit+0xd/0xe [places]",
                   "[    3.000004] Allocated by task 63:", "[    3.000005]  kasan_save_stack+0x1e/0x40",
                   "[    3.000006]  sum_of+0x9/0x11 [places]",
                   "[    3.000007] Freed by task 64:", "[    3.000008]  kfree+0xa/0x10"}),
            (Lines{"#0 places_exit+0xd [places]  places.c:53  *places_pointer = 0;",
                   "Allocated by task 63:", "#0 sum_of+0x9 [places]  other.c:13  return twin(number) + 1;"}));
}

TEST_F(TraceTest, TasksThatHangAreTold) {
  EXPECT_EQ(trace({"'left' (pid 86), state D:\n  places_exit+0xd/0xe [places]\n  kthread+0xd7/0x100",
                   "'right' (pid 87), state D:\n  sum_of+0x9/0x11 [places]"}),
            (Lines{"'left' (pid 86), state D:", "#0 places_exit+0xd [places]  places.c:53  *places_pointer = 0;",
                   "'right' (pid 87), state D:", "#0 sum_of+0x9 [places]  other.c:13  return twin(number) + 1;"}));
}

TEST_F(TraceTest, ASlabReportTellsWhereTheObjectIsFrom) {
  EXPECT_EQ(trace({"[    3.000000] BUG kmalloc-64 (Not tainted): Object already free",
                   "[    3.000001] Allocated in places_exit+0xd/0xe [places] age=0 cpu=0 pid=118",
                   "[    3.000002]  places_exit+0xd/0xe [places]", "[    3.000003] CPU: 0 PID: 118 Comm: insmod",
                   "[    3.000004] Call Trace:", "[    3.000005]  sum_of+0x9/0x11 [places]"}),
            (Lines{"Allocated in places_exit+0xd/0xe [places] age=0 cpu=0 pid=118",
                   "#0 places_exit+0xd [places]  places.c:53  *places_pointer = 0;", "CPU: 0 PID: 118 Comm: insmod",
                   "#0 sum_of+0x9 [places]  other.c:13  return twin(number) + 1;"}));
}

TEST_F(TraceTest, AnAddressInCodeThatIsGoneHasItsSource) {
  wire::Loaded loaded;
  loaded.module = "places";
  loaded.record = wire::ModuleRecord{"places", 16384, 0, {}, "Live", 0xffffffffc0201000, "OE"};
  seen_.messages.push_back(loaded);
  EXPECT_EQ(trace({"[    3.000002] RIP: 0010:0xffffffffc0201068", "[    3.000005]  0xffffffffc0209000"}),
            Lines{"#0 0xffffffffc0201068: twin+0x8 [places]  other.c:7  places_pointer[number] += "
                  "places_pointer[number + 1] * 7;"});
}

TEST_F(TraceTest, AnAddressInAModuleThatWasThereIsNotCalledUnloaded) {
  wire::Loaded loaded;
  loaded.module = "places";
  loaded.record = wire::ModuleRecord{"places", 16384, 0, {}, "Live", 0xffffffffc0201000, "OE"};
  wire::Unloaded unloaded;
  unloaded.module = "places";
  seen_.messages = {loaded, unloaded};
  const std::string registers = "[    3.000003] RAX: ffffffffc0201068 RBX: 0000000000000000 RCX: 0000000000000001";
  EXPECT_EQ(trace({registers, "[    3.000001] Modules linked in: virtio_console [last unloaded: places(OE)]"}),
            Lines{"RAX: 0xffffffffc0201068 was twin+0x8 [places], which is unloaded"});
  EXPECT_EQ(trace({registers, "[    3.000001] Modules linked in: places(OE-) virtio_console"}), Lines{});
  EXPECT_EQ(trace({"[    3.000001] Modules linked in: virtio_console places(OE)\n" + registers}), Lines{});
}

TEST_F(TraceTest, WithoutDebugInformationItSaysSoOnce) {
  const auto ko = scratch_.path() / "places.ko";
  storage::write_whole_file(ko, kernel::without_debug_info(storage::read_whole_file(ko)));
  EXPECT_EQ(trace({"RIP: 0010:places_write+0x6/0x11 [places]", " places_read+0x17/0x1b [places]"}),
            (Lines{"#0 places_write+0x6 [places]", "#1 places_read+0x17 [places]",
                   "(no source lines: places.ko has no debug information; build it with -g)"}));
}

TEST_F(TraceTest, AFileThatIsGoneLeavesThePlaces) {
  fs::remove(scratch_.path() / "places.ko");
  EXPECT_EQ(trace({" places_read+0x17/0x1b [places]"}), Lines{"#0 places_read+0x17 [places]"});
}

TEST_F(TraceTest, WhatIsNoStackHasNone) {
  EXPECT_EQ(
      trace({"    PID STAT PSR COMMAND", "[    3.0] WARNING: CPU: 0 PID: 1 at x.c:1 places_exit+0x7/0xe [places]"}),
      Lines{});
}

}  // namespace
}  // namespace kmodtest::run
