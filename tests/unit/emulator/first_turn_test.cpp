// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/first_turn.hpp"

#include <array>
#include <cstddef>
#include <gtest/gtest.h>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::ptrdiff_t kFlag = 7;  // where each CPU has the flag that ends its turn

/// The thread of QEMU that executes all CPUs, of a machine that is paused or has not run yet.
class CpusThread {
 public:
  static constexpr std::size_t kCpus = 4;
  using Cpu = std::array<unsigned char, 16>;

  std::array<Cpu, kCpus> cpus{};
  std::size_t count = kCpus;
  std::size_t next = 0;  ///< whose turn is next; count: the first one's
  unsigned char *current = nullptr;
  bool has_run = true;
  bool clock_runs = false, clock_ran_during_work = false;
  int late_wakes = 0;  ///< how often the thread is woken between its work and its search
  int works = 0;

  unsigned char *cpu(std::size_t index) { return index < count ? cpus.at(index).data() : nullptr; }

  void wake() {
    for (Cpu &cpu : cpus) cpu.at(kFlag) = 1;
  }

  void work(void *for_cpu, void (*function)(void *, std::uint64_t), std::uint64_t data) {
    ++works;
    wake();
    for (std::size_t index = 0; index < count; ++index) {
      if (!has_run) current = cpu(index);
      if (cpu(index) == for_cpu) function(for_cpu, data);
    }
    clock_ran_during_work = clock_ran_during_work || clock_runs;
    if (late_wakes > 0) {
      --late_wakes;
      wake();
    }
    if (has_run) search();
  }

 private:
  void search() {
    if (next == count) next = 0;
    while (next < count && cpus.at(next).at(kFlag) == 0) {
      current = cpu(next);
      clock_runs = true;
      ++next;
    }
    if (next < count) cpus.at(next).at(kFlag) = 0;
  }
};

// They outlive each test: other tests of this program restore guests, too, and the function is called for those.
CpusThread the_thread;
CpusThread *const thread = &the_thread;
StateDescription the_state{};
Qemu the_qemu{};

class FirstTurn : public testing::Test {
 protected:
  FirstTurn() {
    the_thread = {};
    the_state = {};
    the_state.post_load = [](void *, int) { return 0; };
    the_qemu.cpu_state = &the_state;
    the_qemu.turn_is_over = kFlag;
    the_qemu.cpu = [](int index) -> void * { return thread->cpu(static_cast<std::size_t>(index)); };
    the_qemu.current_cpu = [] { return thread->current; };
    the_qemu.set_current_cpu = [](void *cpu) { thread->current = static_cast<unsigned char *>(cpu); };
    the_qemu.run_on_cpu = [](void *cpu, void (*function)(void *, std::uint64_t), std::uint64_t data) {
      thread->work(cpu, function, data);
    };
    the_qemu.enable_clock = [](int clock, bool enabled) {
      EXPECT_EQ(clock, 1);
      thread->clock_runs = enabled;
    };
    begin_with_first_cpu(the_qemu);
  }

  void restore() {
    for (std::size_t index = 0; index < the_thread.count; ++index) the_state.post_load(the_thread.cpu(index), 1);
  }

  /// Returns the CPU that has its turn first when the machine runs again.
  std::size_t first() const { return the_thread.next % the_thread.count; }
};

TEST_F(FirstTurn, IsTheFirstCpusWhereverTheLastCaseStopped) {
  for (std::size_t stopped_at = 0; stopped_at <= CpusThread::kCpus; ++stopped_at) {
    the_thread.next = stopped_at;
    the_thread.current = the_thread.cpu(CpusThread::kCpus - 1);
    restore();
    EXPECT_EQ(first(), 0U) << stopped_at;
  }
  EXPECT_EQ(the_thread.works, 2 * (static_cast<int>(CpusThread::kCpus) + 1));
}

TEST_F(FirstTurn, IsTheFirstCpusAlthoughTheThreadIsWokenInBetween) {
  for (int late_wakes = 1; late_wakes < 20; ++late_wakes) {
    the_thread.next = 2;
    the_thread.late_wakes = late_wakes;
    restore();
    EXPECT_EQ(first(), 0U) << late_wakes;
  }
}

TEST_F(FirstTurn, TheClockOfThePausedMachineStandsStill) {
  the_thread.next = 2;
  restore();
  EXPECT_FALSE(the_thread.clock_ran_during_work);
  EXPECT_FALSE(the_thread.clock_runs);
}

TEST_F(FirstTurn, NothingIsNeededBeforeTheMachineHasRun) {
  the_thread.has_run = false;
  restore();
  EXPECT_EQ(the_thread.works, 2);
  EXPECT_EQ(first(), 0U);
}

TEST_F(FirstTurn, NothingIsDoneForOneCpu) {
  the_thread.count = 1;
  restore();
  EXPECT_EQ(the_thread.works, 0);
}

}  // namespace
}  // namespace kmodtest::emulator
