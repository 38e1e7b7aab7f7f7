// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/spin.hpp"

#include <gtest/gtest.h>

namespace kmodtest::emulator {
namespace {

constexpr std::uint16_t kLeast = 250, kMost = 2500;
constexpr std::size_t kNow = 0, kBegun = 12;

TEST(Spin, TheLongerALoopWaitsTheMoreItsPauseTakes) {
  Spin spin;
  PausedAt at{.general = {}, .next = 0xffff'ffff'8100'0000};
  std::uint32_t taken = 0;
  std::uint16_t before = 0;
  for (int round = 0; round < 200; ++round) {
    ++at.general[kNow];
    const std::uint16_t cost = spin.cost(at, kLeast, kMost);
    EXPECT_GE(cost, before);
    EXPECT_LE(cost, std::max<std::uint32_t>(kLeast, taken / 8));
    taken += cost;
    before = cost;
  }
  EXPECT_EQ(before, kMost);
}

// for (…) udelay(10): the same loop, but each call of it began at another time.
TEST(Spin, AnotherCallOfADelayIsAnotherLoop) {
  Spin spin;
  PausedAt at{.general = {}, .next = 0xffff'ffff'8100'0000};
  for (int call = 0; call < 100; ++call) {
    ++at.general[kBegun];
    for (int round = 0; round < 2 + call % 9; ++round) {
      ++at.general[kNow];
      EXPECT_LE(spin.cost(at, kLeast, kMost), kLeast * 5 / 4) << "call " << call << ", round " << round;
    }
  }
}

TEST(Spin, AnotherPauseIsAnotherLoop) {
  Spin spin;
  PausedAt at;
  for (int round = 0; round < 200; ++round) {
    at.next = static_cast<std::uint64_t>(round % 2);
    EXPECT_EQ(spin.cost(at, kLeast, kMost), kLeast);
  }
}

TEST(Spin, NothingGrowsWhereLeastIsMost) {
  Spin spin;
  for (int round = 0; round < 200; ++round) EXPECT_EQ(spin.cost({}, kLeast, kLeast), kLeast);
}

}  // namespace
}  // namespace kmodtest::emulator
