// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/idle_guest.hpp"

#include <array>
#include <gtest/gtest.h>

namespace kmodtest::emulator {
namespace {

/// A QEMU that is none.
struct {
  bool running = true;
  bool has_timers = true;
  int stopped_cpu = -1;
  int advanced = 0;
  int ran = 0;
} machine;
std::array<int, 2> cpus{0, 1};

class IdleGuestTest : public testing::Test {
 protected:
  IdleGuestTest() {
    machine = {};
    qemu_.cpu = [](int index) -> void * { return index < 2 ? &cpus.at(static_cast<std::size_t>(index)) : nullptr; };
    qemu_.is_stopped = [](void *cpu) { return !machine.running || *static_cast<int *>(cpu) == machine.stopped_cpu; };
    qemu_.advance_clock = [] { ++machine.advanced; };
    qemu_.run_timers = [](int clock) {
      EXPECT_EQ(clock, 1);
      ++machine.ran;
      return machine.has_timers;
    };
  }

  Qemu qemu_{};
  IdleGuest guest_;
};

TEST_F(IdleGuestTest, TheClockAdvancesBeforeTheTimerRuns) {
  EXPECT_TRUE(guest_.advance(qemu_, 1000));
  EXPECT_TRUE(guest_.advance(qemu_, 1000 + IdleGuest::kLongest - 1));
  EXPECT_EQ(machine.advanced, 2);
  EXPECT_EQ(machine.ran, 2);
}

TEST_F(IdleGuestTest, ThePausedMachineStandsStill) {
  machine.running = false;
  EXPECT_FALSE(guest_.advance(qemu_, 1000));
  EXPECT_EQ(machine.advanced, 0);
}

TEST_F(IdleGuestTest, NoTimePassesWhileADebuggerHoldsOneOfTheCpus) {
  for (const int cpu : cpus) {
    machine.stopped_cpu = cpu;
    EXPECT_FALSE(guest_.advance(qemu_, 1000)) << cpu;
  }
  EXPECT_EQ(machine.advanced, 0);
}

TEST_F(IdleGuestTest, WithoutATimerTheMainLoopWaits) {
  machine.has_timers = false;
  EXPECT_FALSE(guest_.advance(qemu_, 1000));
}

TEST_F(IdleGuestTest, TheMainLoopGetsItsTurn) {
  EXPECT_TRUE(guest_.advance(qemu_, 1000));
  EXPECT_FALSE(guest_.advance(qemu_, 1000 + IdleGuest::kLongest));
  EXPECT_EQ(machine.advanced, 1);
  EXPECT_TRUE(guest_.advance(qemu_, 1000 + IdleGuest::kLongest)) << "the next turn";
}

}  // namespace
}  // namespace kmodtest::emulator
