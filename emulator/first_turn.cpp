// SPDX-License-Identifier: GPL-2.0-or-later

/// Under virtual time, all CPUs take turns on one thread of QEMU. A local variable of that thread holds whose turn is
/// next. It is not part of a guest's state: after a restore it is still the CPU at which the last case was paused, at
/// some moment of the host's time. A guest is saved while all of its CPUs halt. But if two of them have a timer that
/// expires at the same moment, it matters which of them handles its interrupt first.
///
/// The variable cannot be set from outside. But when a paused machine's thread gets work for a CPU, it does the work,
/// then looks in turn for a CPU that may run, and finds none. So it is past the last CPU when it waits again, and its
/// next turn is the first CPU's. One thing can end that search early: a flag of a CPU that asks it to give up its turn.
/// Waking the thread sets the flags of all CPUs, so the work clears them.
///
/// Source: QEMU 10.0, accel/tcg/tcg-accel-ops-rr.c (rr_cpu_thread_fn), cpu-common.c, system/cpus.c.
#include "emulator/first_turn.hpp"

#include <cstdio>

#include "emulator/cpu_load.hpp"

namespace kmodtest::emulator {
namespace {

/// Another wake-up can come between the work and the search. That is rare, so it does not happen this often in a row.
constexpr int kMostTries = 10'000;

const Qemu *its_qemu = nullptr;
unsigned char *last_cpu = nullptr;

enum class Search : char { wanted, begun, done };
Search search = Search::wanted;

/// Runs on the CPUs' thread. If that thread has searched since the last call, the CPU that it looked at last is the
/// current one.
void look_at_search(void *, std::uint64_t) {
  // The search lets the clock run. It must not, or the main loop handles timers of the paused machine.
  its_qemu->enable_clock(kVirtualClock, false);
  if (search == Search::begun && its_qemu->current_cpu() == last_cpu) {
    search = Search::done;
    return;
  }
  int index = 0;
  for (void *cpu = its_qemu->cpu(index); cpu != nullptr; cpu = its_qemu->cpu(++index)) {
    static_cast<unsigned char *>(cpu)[its_qemu->turn_is_over] = 0;
  }
  its_qemu->set_current_cpu(its_qemu->cpu(0));
  search = Search::begun;
}

void end_round(void *loaded_cpu) {
  if (loaded_cpu != its_qemu->cpu(0) || its_qemu->cpu(1) == nullptr) return;
  int index = 1;
  for (void *cpu = its_qemu->cpu(index); cpu != nullptr; cpu = its_qemu->cpu(++index)) {
    last_cpu = static_cast<unsigned char *>(cpu);
  }
  search = Search::wanted;
  for (int tries = 0; search != Search::done && tries < kMostTries; ++tries) {
    // The last CPU: before the machine runs for the first time, QEMU's thread makes each CPU current, then does its
    // work.
    its_qemu->run_on_cpu(last_cpu, look_at_search, 0);
  }
  if (search != Search::done) std::fputs("kmodtest: the restored guest does not begin with its first CPU\n", stderr);
}

}  // namespace

void begin_with_first_cpu(const Qemu &qemu) {
  its_qemu = &qemu;
  after_each_cpu_load(qemu, end_round);
}

}  // namespace kmodtest::emulator
