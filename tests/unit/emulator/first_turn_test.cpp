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

CpusThread *thread = nullptr;

class FirstTurn : public testing::Test {
 protected:
  FirstTurn() {
    thread = &thread_;
    cpu_state_.post_load = [](void *, int) { return 0; };
    qemu_.cpu_state = &cpu_state_;
    qemu_.turn_is_over = kFlag;
    qemu_.cpu = [](int index) -> void * { return thread->cpu(static_cast<std::size_t>(index)); };
    qemu_.current_cpu = [] { return thread->current; };
    qemu_.set_current_cpu = [](void *cpu) { thread->current = static_cast<unsigned char *>(cpu); };
    qemu_.run_on_cpu = [](void *cpu, void (*function)(void *, std::uint64_t), std::uint64_t data) {
      thread->work(cpu, function, data);
    };
    qemu_.enable_clock = [](int clock, bool enabled) {
      EXPECT_EQ(clock, 1);
      thread->clock_runs = enabled;
    };
    begin_with_first_cpu(qemu_);
  }

  void restore() {
    for (std::size_t index = 0; index < thread_.count; ++index) cpu_state_.post_load(thread_.cpu(index), 1);
  }

  /// Returns the CPU that has its turn first when the machine runs again.
  std::size_t first() const { return thread_.next % thread_.count; }

  CpusThread thread_;
  StateDescription cpu_state_{};
  Qemu qemu_{};
};

TEST_F(FirstTurn, IsTheFirstCpusWhereverTheLastCaseStopped) {
  for (std::size_t stopped_at = 0; stopped_at <= CpusThread::kCpus; ++stopped_at) {
    thread_.next = stopped_at;
    thread_.current = thread_.cpu(CpusThread::kCpus - 1);
    restore();
    EXPECT_EQ(first(), 0U) << stopped_at;
  }
  EXPECT_EQ(thread_.works, 2 * (static_cast<int>(CpusThread::kCpus) + 1));
}

TEST_F(FirstTurn, IsTheFirstCpusAlthoughTheThreadIsWokenInBetween) {
  for (int late_wakes = 1; late_wakes < 20; ++late_wakes) {
    thread_.next = 2;
    thread_.late_wakes = late_wakes;
    restore();
    EXPECT_EQ(first(), 0U) << late_wakes;
  }
}

TEST_F(FirstTurn, TheClockOfThePausedMachineStandsStill) {
  thread_.next = 2;
  restore();
  EXPECT_FALSE(thread_.clock_ran_during_work);
  EXPECT_FALSE(thread_.clock_runs);
}

TEST_F(FirstTurn, NothingIsNeededBeforeTheMachineHasRun) {
  thread_.has_run = false;
  restore();
  EXPECT_EQ(thread_.works, 2);
  EXPECT_EQ(first(), 0U);
}

TEST_F(FirstTurn, NothingIsDoneForOneCpu) {
  thread_.count = 1;
  restore();
  EXPECT_EQ(thread_.works, 0);
}

}  // namespace
}  // namespace kmodtest::emulator
