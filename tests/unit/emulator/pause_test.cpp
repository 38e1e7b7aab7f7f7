// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/pause.hpp"

#include <array>
#include <cstring>
#include <gtest/gtest.h>

namespace kmodtest::emulator {
namespace {

constexpr std::ptrdiff_t kAt = 10;
std::array<unsigned char, 64> cpu{};
void *paused_with = nullptr;
int loaded = 0;

/// A CPU's general registers, and the address of its next instruction.
struct Registers {
  std::array<std::uint64_t, 16> general{};
  std::uint64_t next = 0;
};

void set_left(std::uint16_t left) {
  std::memcpy(cpu.data() + kAt, &left, sizeof left);
}

std::uint16_t left() {
  std::uint16_t left = 0;
  std::memcpy(&left, cpu.data() + kAt, sizeof left);
  return left;
}

class LengthenPause : public ::testing::Test {
 protected:
  LengthenPause() {
    cpu_state.post_load = [](void *, int) {
      ++loaded;
      return 0;
    };
    qemu.cpu_state = &cpu_state;
    qemu.pause = static_cast<void *>(&executes_pause);
    qemu.current_cpu = [] { return cpu.data(); };
    qemu.instructions_left = kAt;
    qemu.next_instruction = offsetof(Registers, next);
    lengthen_pause(qemu, 250, 2500);
    restore();  // what an earlier test has left
  }

  void restore() { cpu_state.post_load(nullptr, 1); }

  /// Executes a PAUSE. Returns how much it took.
  int pause(Registers &registers, std::uint16_t before = 60000) {
    set_left(before);
    executes_pause(&registers);
    return before - left();
  }

  StateDescription cpu_state{};
  Qemu qemu{};
  void (*executes_pause)(void *) = [](void *registers) { paused_with = registers; };
};

TEST_F(LengthenPause, TakesMoreOfTheTurnButNoMoreThanIsLeft) {
  Registers registers;
  for (const auto &[before, after] :
       {std::pair<std::uint16_t, std::uint16_t>{1000, 750}, {251, 1}, {250, 0}, {7, 0}, {0, 0}}) {
    paused_with = nullptr;
    ++registers.next;
    EXPECT_EQ(pause(registers, before), before - after);
    EXPECT_EQ(paused_with, &registers) << "QEMU's own function still ends the turn";
  }
  EXPECT_EQ(cpu[kAt - 1], 0);
  EXPECT_EQ(cpu[kAt + 2], 0);
}

TEST_F(LengthenPause, EachCpuHasALoopOfItsOwn) {
  Registers waits, runs;
  for (int round = 0; round < 100; ++round) {
    pause(waits);
    runs.next += 2;
    EXPECT_EQ(pause(runs), 250);
  }
  EXPECT_EQ(pause(waits), 2500);
}

TEST_F(LengthenPause, ARestoredGuestBeginsAnew) {
  Registers registers;
  for (int round = 0; round < 100; ++round) pause(registers);
  loaded = 0;
  restore();
  EXPECT_EQ(loaded, 1) << "QEMU's own function is still called";
  EXPECT_EQ(pause(registers), 250);
}

}  // namespace
}  // namespace kmodtest::emulator
