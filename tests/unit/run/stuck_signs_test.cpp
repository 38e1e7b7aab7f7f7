// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/stuck_signs.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

constexpr std::uint32_t ticks(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(time.count() * 3'579'545 / 1000);
}

CpuGlance idle(int cpu) {
  return {cpu, 0xffffffff81a0a7cb, true, true, true, false, "idle"};
}

CpuGlance busy(int cpu, bool interrupts, bool loops = false) {
  return {cpu, 0xffffffffc0200010, true, false, interrupts, loops, "busy"};
}

/// A CPU with interrupts off that gets on with its work.
CpuGlance working(int cpu, int glance) {
  CpuGlance seen = busy(cpu, false);
  seen.registers = "RAX=" + std::to_string(glance);
  return seen;
}

TEST(LoopsForEver, WhereNothingLeadsOut) {
  EXPECT_TRUE(loops_for_ever("\xeb\xfe"sv, 0)) << "jmp to itself";
  EXPECT_TRUE(loops_for_ever("\xf3\x90\xeb\xfc"sv, 0)) << "pause; jmp";
  EXPECT_TRUE(loops_for_ever("\xf3\x90\xeb\xfc"sv, 2)) << "from the middle of it";
  EXPECT_TRUE(loops_for_ever("\x90\x0f\x1f\x44\x00\x00\xe9\xf5\xff\xff\xff"sv, 0));
  EXPECT_TRUE(loops_for_ever("\xeb\x02\xcc\xcc\xf3\x90\xeb\xfc"sv, 0)) << "on the way into it";
}

TEST(LoopsForEver, NotWhereSomethingMay) {
  EXPECT_FALSE(loops_for_ever("\xf3\x90\x74\xfc\xc3"sv, 0)) << "a condition";
  EXPECT_FALSE(loops_for_ever("\xf3\x90\xff\xc8\x75\xfa"sv, 0)) << "a counter";
  EXPECT_FALSE(loops_for_ever("\xf3\x90\xc3"sv, 0)) << "a return";
  EXPECT_FALSE(loops_for_ever("\xe8\x00\x00\x00\x00\xeb\xf9"sv, 0)) << "a call";
  EXPECT_FALSE(loops_for_ever("\xeb\x70"sv, 0)) << "to where we cannot see";
  EXPECT_FALSE(loops_for_ever("\xeb\x80"sv, 0)) << "before what we see";
  EXPECT_FALSE(loops_for_ever(""sv, 0));
}

TEST(Silence, CountsWhatTheGuestComputed) {
  Silence silence;
  EXPECT_FALSE(silence.add(100s, 7s)) << "what it took before does not count";
  EXPECT_FALSE(silence.add(101s, 7'990ms));
  EXPECT_TRUE(silence.add(103s, 8'000ms));
}

TEST(Silence, OfAGuestThatWaitsForTheHostDoesNotCount) {
  Silence silence;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(silence.add(std::chrono::seconds(i), std::chrono::milliseconds(10 * i))) << "after " << i;
  }
}

TEST(Silence, OfAnIdleGuestCountsByTheClock) {
  Silence silence;
  EXPECT_FALSE(silence.add(10s, 1s));
  EXPECT_FALSE(silence.add(11s, 1'010ms)) << "it did something";
  EXPECT_FALSE(silence.add(12s, 1'010ms));
  EXPECT_TRUE(silence.add(12'500ms, 1'010ms));
}

TEST(StuckSigns, AreAGuestThatIsSuspendedAndThatNothingWakes) {
  StuckSigns signs(std::nullopt);
  EXPECT_EQ(signs.add({idle(0), idle(1)}, 0, true), std::nullopt);
  EXPECT_EQ(signs.add({idle(0), idle(1)}, 1000, true), std::nullopt);
  EXPECT_EQ(signs.add({idle(0), idle(1)}, 2000, false), std::nullopt) << "it woke up";
  EXPECT_EQ(signs.add({idle(0), idle(1)}, 3000, true), std::nullopt);
  EXPECT_EQ(signs.add({idle(0), busy(1, true)}, 4000, true), std::nullopt) << "on its way";
  for (std::uint32_t i = 1; i < StuckSigns::kAsleepGlances; ++i) {
    EXPECT_EQ(signs.add({idle(0), idle(1)}, 5000 + i, true), std::nullopt);
  }
  EXPECT_EQ(signs.add({idle(0), idle(1)}, 6000, true), "the guest is suspended, and nothing wakes it");
}

TEST(StuckSigns, AreALoopWithoutAnEndSeenTwice) {
  StuckSigns signs(std::nullopt);
  EXPECT_EQ(signs.add({idle(0), busy(1, true, true)}, 0), std::nullopt);
  EXPECT_EQ(signs.add({idle(0), busy(1, true, false)}, 10), std::nullopt) << "in an interrupt";
  EXPECT_EQ(signs.add({idle(0), busy(1, true, true)}, 20), "CPU 1 is in an endless loop");
}

TEST(StuckSigns, AreInterruptsThatStayOffInALoopThatNothingChanges) {
  StuckSigns signs(std::nullopt);
  std::optional<std::string> why;
  for (int glance = 0; glance < 7; ++glance) {
    EXPECT_EQ(why, std::nullopt) << glance;
    EXPECT_EQ(signs.in_doubt(), glance > 0);
    why = signs.add({busy(0, false), idle(1)}, ticks(60ms) * static_cast<std::uint32_t>(glance));
  }
  EXPECT_EQ(why, "CPU 0 has had its interrupts off for 359.998 ms of its time");
}

TEST(StuckSigns, AreInterruptsThatStayOffForAsLongAsTheKernelAllows) {
  // CPU 0 waits for CPU 1, which works; or it works itself.
  for (const bool waits : {true, false}) {
    StuckSigns signs(std::nullopt);
    std::optional<std::string> why;
    int glance = 0;
    for (; !why && glance < 1000; ++glance) {
      const CpuGlance other = waits ? busy(0, false) : idle(0);
      why = signs.add({other, working(1, glance)}, (ticks(100ms) * static_cast<std::uint32_t>(glance)) & 0xffffff);
    }
    EXPECT_EQ(glance, 102) << waits;
    EXPECT_NE(why.value_or("").find("has had its interrupts off for 10.1"), std::string::npos) << why.value_or("");
  }
}

TEST(StuckSigns, AreNotInterruptsThatComeOnAgain) {
  StuckSigns signs(std::nullopt);
  for (int glance = 0; glance < 60; ++glance) {
    const auto why = signs.add({busy(0, glance % 5 == 4)}, ticks(60ms) * static_cast<std::uint32_t>(glance));
    EXPECT_EQ(why, std::nullopt) << glance;
  }
}

TEST(StuckSigns, AreNotGlancesAtAGuestThatTheHostGivesNoTime) {
  StuckSigns signs(10s);
  for (int glance = 0; glance < 600; ++glance) {
    EXPECT_EQ(signs.add({busy(0, false), idle(1)}, 4711), std::nullopt) << glance;
  }
}

TEST(StuckSigns, AreADeadlineThatPassedUnnoticed) {
  StuckSigns signs(10s);
  std::uint32_t timer = 0xfff000;  // wraps at once
  std::optional<std::string> why;
  int seconds = -1;
  while (!why && seconds < 100) {
    why = signs.add({busy(0, true)}, timer & 0xffffff);
    timer += ticks(1s);
    ++seconds;
  }
  EXPECT_EQ(seconds, 12);
  EXPECT_EQ(why, "the agent gets no CPU: the step's deadline passed 2.000 s of guest time ago");
}

TEST(StuckSigns, AreMachinesThatHaltedForGood) {
  StuckSigns signs(std::nullopt);
  CpuGlance dead = idle(0);
  dead.takes_interrupts = false;
  CpuGlance off = dead;
  off.cpu = 1;
  for (int glance = 0; glance < 20; ++glance) EXPECT_EQ(signs.add({idle(0), off}, 0), std::nullopt) << "offline";
  std::optional<std::string> why;
  for (int glance = 0; glance < 6; ++glance) {
    EXPECT_EQ(why, std::nullopt);
    why = signs.add({dead, off}, 0);
  }
  EXPECT_EQ(why, "each CPU has halted with its interrupts off");
}

}  // namespace
}  // namespace kmodtest::run
