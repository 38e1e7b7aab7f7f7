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

void set_left(std::uint16_t left) {
  std::memcpy(cpu.data() + kAt, &left, sizeof left);
}

std::uint16_t left() {
  std::uint16_t left = 0;
  std::memcpy(&left, cpu.data() + kAt, sizeof left);
  return left;
}

TEST(LengthenPause, TakesMoreOfTheTurnButNoMoreThanIsLeft) {
  void (*executes_pause)(void *) = [](void *registers) { paused_with = registers; };
  Qemu qemu{};
  qemu.pause = static_cast<void *>(&executes_pause);
  qemu.current_cpu = [] { return cpu.data(); };
  qemu.instructions_left = kAt;
  lengthen_pause(qemu, 250);
  int registers = 0;
  for (const auto &[before, after] :
       {std::pair<std::uint16_t, std::uint16_t>{1000, 750}, {251, 1}, {250, 0}, {7, 0}, {0, 0}}) {
    set_left(before);
    paused_with = nullptr;
    executes_pause(&registers);
    EXPECT_EQ(left(), after) << before;
    EXPECT_EQ(paused_with, &registers) << "QEMU's own function still ends the turn";
  }
  EXPECT_EQ(cpu[kAt - 1], 0);
  EXPECT_EQ(cpu[kAt + 2], 0);
}

}  // namespace
}  // namespace kmodtest::emulator
