// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/autopsy_text.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "support/sample_case.hpp"

namespace kmodtest::report {
namespace {

using namespace std::chrono_literals;

TEST(AutopsyText, IsEmptyWhereNoneWasHeld) {
  EXPECT_EQ(autopsy_text(*support::seen({support::line(5000, "all is well")})), "");
}

TEST(AutopsyText, HasAllThatIsKnown) {
  judge::Observations seen;
  wire::KernelLogLine trace = support::line(25100, "task:abba_a          state:D stack:0     pid:86");
  seen.messages.push_back(wire::LogLines{{support::line(14000, "before"), support::marker(25097, "autopsy of step 3"),
                                          trace, support::marker(25200, "end")},
                                         0});
  wire::ThreadRecord task;
  task.pid = 86;
  task.name = "abba_a";
  task.state = 'D';
  task.cpu = 1;
  task.waits_in = "take";
  seen.messages.push_back(wire::Autopsy{2, 25s, 86, {{task, "[<0>] take+0x24/0x40 [ex]\n[<0>] fa+0x18/0x34 [ex]\n"}}});
  judge::CpuSeen cpu;
  cpu.cpu = 1;
  cpu.takes_interrupts = false;
  cpu.registers = "RAX=0000000000000000 RBX=ffffffff82a1aa40\n";
  cpu.task = {87, "abba_b", 'R', {"spin+0x5/0x10 [ex]", "? ex_init+0x1e/0x1000 [ex]"}};
  seen.dissection.emplace();
  seen.dissection->cpus = {cpu};
  seen.dissection->tasks = {{86, "abba_a", 'D', {"? __schedule+0x34d/0x9e0"}}};
  seen.dissection->locks = {{86, 87, 0xffffffffc0206000}, {87, 87, 0xffffffffc0206020}};
  EXPECT_EQ(autopsy_text(seen),
            "From inside, at 25.000000 s, when the deadline of step 3 had passed:\n"
            "\n"
            "  pid 86 'abba_a', state D, CPU 1, in take: its call did not return\n"
            "    [<0>] take+0x24/0x40 [ex]\n"
            "    [<0>] fa+0x18/0x34 [ex]\n"
            "\n"
            "Output of the kernel on request (sysrq l: CPUs that run, w: blocked tasks):\n"
            "\n"
            "  [   25.100000] task:abba_a          state:D stack:0     pid:86\n"
            "\n"
            "From outside, while the guest was paused. A place after a '?' was found on the stack. It might be left "
            "over from\n"
            "an earlier call.\n"
            "\n"
            "  pid 86 waits for the mutex at 0xffffffffc0206000, which pid 87 holds\n"
            "  pid 87 waits for the mutex at 0xffffffffc0206020, which it holds itself\n"
            "\n"
            "  CPU 1 in the kernel, interrupts off, pid 87 'abba_b'\n"
            "    RAX=0000000000000000 RBX=ffffffff82a1aa40\n"
            "      spin+0x5/0x10 [ex]\n"
            "    ? ex_init+0x1e/0x1000 [ex]\n"
            "\n"
            "  pid 86 'abba_a', state D\n"
            "    ? __schedule+0x34d/0x9e0\n"
            "\n");
}

}  // namespace
}  // namespace kmodtest::report
