// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/race_watch.hpp"

#include <gtest/gtest.h>
#include <initializer_list>
#include <memory>

#include "emulator/instruction_kind.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kLoad = 0xffffffffc0203010, kStore = 0xffffffffc0203020;  // of 4 bytes each
constexpr std::uint64_t kOneStack = 0xffffc90000014100, kOtherStack = 0xffffc90000024200;
constexpr std::uint64_t kShared = 0xffff888003001000;
constexpr std::uint64_t kTurn = 1000;

class RaceWatchTest : public testing::Test {
 protected:
  void SetUp() override { begin(); }
  void begin(std::uint64_t seed = 0) {
    area_ = std::make_unique<wire::RaceArea>();  // too large for the stack
    area_->request.seed = seed;
    watch_->begin(*area_);
  }
  bool waits(unsigned cpu, std::uint64_t stack, std::uint64_t address) {
    return watch_->before({.cpu = cpu, .stack = stack, .address = address, .left = kTurn}).ends_turn;
  }
  /// Executes an instruction with one access. Returns whether the thread stops before the next one.
  bool access(unsigned cpu, std::uint64_t stack, RaceWatch::Access access) {
    EXPECT_FALSE(waits(cpu, stack, access.instruction));
    access.cpu = cpu;
    access.next = access.instruction + 4;
    watch_->accesses(access, kGuest);
    return waits(cpu, stack, access.next);
  }
  bool write(unsigned cpu, std::uint64_t stack, std::uint64_t address = kShared, std::uint32_t bytes = 4) {
    return access(cpu, stack, {.instruction = kStore, .address = address, .value = 7, .bytes = bytes, .writes = true});
  }
  bool read(unsigned cpu, std::uint64_t stack, std::uint64_t address = kShared, std::uint32_t bytes = 4) {
    return access(cpu, stack, {.instruction = kLoad, .address = address, .value = 5, .bytes = bytes});
  }
  /// Lets a stopped thread go on.
  void finish(unsigned cpu, std::uint64_t stack, std::uint64_t address) {
    for (int turns = 0; waits(cpu, stack, address); ++turns) ASSERT_LT(turns, 10000);
  }

  static std::uint64_t task() { return 0x77; }
  static void describe(std::uint64_t task, std::uint64_t stack, wire::AccessSeen &seen) {
    seen.pid = static_cast<std::uint32_t>(task);
    seen.return_to[0].address = stack;
  }
  static std::uint64_t reports() { return 4096; }
  static constexpr RaceWatch::Guest kGuest{.task = task, .describe = describe, .reports = reports};

  std::unique_ptr<wire::RaceArea> area_ = std::make_unique<wire::RaceArea>();
  std::unique_ptr<RaceWatch> watch_ = std::make_unique<RaceWatch>();
};

TEST_F(RaceWatchTest, AWriteWhileAnotherThreadIsStoppedBehindItsReadIsARace) {
  EXPECT_TRUE(read(0, kOneStack));
  EXPECT_EQ(area_->races, 0);
  write(1, kOtherStack);
  ASSERT_EQ(area_->races, 1);
  const wire::RaceSeen &race = area_->race[0];
  EXPECT_EQ(race.reports, 4096);
  EXPECT_EQ(race.first.instruction, kLoad);
  EXPECT_EQ(race.first.cpu, 0);
  EXPECT_EQ(race.first.writes, 0);
  EXPECT_EQ(race.first.value, 5);
  EXPECT_EQ(race.first.pid, 0x77);
  EXPECT_EQ(race.first.return_to[0].address, kOneStack);
  EXPECT_EQ(race.second.instruction, kStore);
  EXPECT_EQ(race.second.cpu, 1);
  EXPECT_EQ(race.second.writes, 1);
  EXPECT_EQ(race.second.bytes, 4);
  EXPECT_EQ(race.second.return_to[0].address, kOtherStack);
}

TEST_F(RaceWatchTest, TwoReadsAreNone) {
  EXPECT_TRUE(read(0, kOneStack));
  read(1, kOtherStack);
  EXPECT_EQ(area_->races, 0);
}

TEST_F(RaceWatchTest, OnlyAccessesToTheSameBytesAreARace) {
  EXPECT_TRUE(write(0, kOneStack, kShared, 4));
  read(1, kOtherStack, kShared + 4, 4);
  EXPECT_EQ(area_->races, 0);
  finish(1, kOtherStack, kLoad + 4);
  read(1, kOtherStack, kShared + 2, 1);
  EXPECT_EQ(area_->races, 1);
}

TEST_F(RaceWatchTest, NothingMeetsAThreadThatGoesOn) {
  EXPECT_TRUE(write(0, kOneStack));
  finish(0, kOneStack, kStore + 4);
  read(1, kOtherStack);
  EXPECT_EQ(area_->races, 0);
  EXPECT_GT(area_->held, 0);
}

TEST_F(RaceWatchTest, AnInterruptOnTheSameCpuIsAnotherThread) {
  EXPECT_TRUE(read(0, kOneStack));
  write(0, kOtherStack);
  EXPECT_EQ(area_->races, 1);
  EXPECT_TRUE(waits(0, kOneStack, kLoad + 4)) << "the thread is still stopped";
}

TEST_F(RaceWatchTest, AnInterruptFurtherDownOnTheSameStackEndsNoStop) {
  EXPECT_TRUE(read(0, kOneStack));
  EXPECT_FALSE(waits(0, kOneStack - 0x100, kStore));
  EXPECT_TRUE(waits(0, kOneStack, kLoad + 4));
}

TEST_F(RaceWatchTest, AThreadThatIsElsewhereIsNotStopped) {
  EXPECT_TRUE(read(0, kOneStack));
  EXPECT_FALSE(waits(0, kOneStack, kStore + 0x40));
  write(1, kOtherStack);
  EXPECT_EQ(area_->races, 0);
}

TEST_F(RaceWatchTest, AStoppedThreadCanMoveToAnotherCpu) {
  EXPECT_TRUE(read(0, kOneStack));
  EXPECT_TRUE(waits(3, kOneStack, kLoad + 4));
}

TEST_F(RaceWatchTest, ThePairIsNotedOnce) {
  for (int i = 0; i < 30; ++i) {
    read(0, kOneStack);
    write(1, kOtherStack);
    finish(0, kOneStack, kLoad + 4);
    finish(1, kOtherStack, kStore + 4);
  }
  EXPECT_EQ(area_->races, 1);
}

TEST_F(RaceWatchTest, AnInstructionThatReadsAndWritesDoesNotMeetItself) {
  EXPECT_FALSE(waits(0, kOneStack, kStore));
  RaceWatch::Access both{.cpu = 0, .instruction = kStore, .next = kStore + 4, .address = kShared, .bytes = 4};
  watch_->accesses(both, kGuest);
  both.writes = true;
  watch_->accesses(both, kGuest);
  EXPECT_TRUE(waits(0, kOneStack, kStore + 4));
  EXPECT_EQ(area_->races, 0);
  EXPECT_EQ(area_->accesses, 1);
  read(1, kOtherStack);
  ASSERT_EQ(area_->races, 1);
  EXPECT_EQ(area_->race[0].first.writes, 1);
}

TEST_F(RaceWatchTest, AnInstructionThatReadsAndWritesIsReportedAsAWrite) {
  EXPECT_TRUE(write(0, kOneStack));
  waits(1, kOtherStack, kLoad);
  RaceWatch::Access both{.cpu = 1, .instruction = kLoad, .next = kLoad + 4, .address = kShared, .bytes = 4};
  watch_->accesses(both, kGuest);
  ASSERT_EQ(area_->races, 1);
  EXPECT_EQ(area_->race[0].second.writes, 0);
  both.writes = true;
  watch_->accesses(both, kGuest);
  EXPECT_EQ(area_->races, 1);
  EXPECT_EQ(area_->race[0].second.writes, 1);
}

TEST_F(RaceWatchTest, WhatAnInstructionReadsAndWritesIsShared) {
  const auto add = [this](unsigned cpu, std::uint64_t stack) {
    waits(cpu, stack, kStore);
    RaceWatch::Access both{.cpu = cpu, .instruction = kStore, .next = kStore + 4, .address = kShared, .bytes = 4};
    watch_->accesses(both, kGuest);
    both.writes = true;
    watch_->accesses(both, kGuest);
    finish(cpu, stack, kStore + 4);
  };
  for (int i = 0; i < 1000; ++i) {
    add(0, kOneStack);
    add(1, kOtherStack);
  }
  EXPECT_GT(area_->pauses, 20);
}

TEST_F(RaceWatchTest, NoThreadIsStoppedAtItsOwnStackOrAtUserMemory) {
  EXPECT_FALSE(write(0, kOneStack, kOneStack + 0x40));
  EXPECT_FALSE(write(0, kOneStack, 0x7fff12345678));
  EXPECT_FALSE(write(0, kOneStack, 0xfffff00000001234)) << "KASAN's shadow";
}

TEST_F(RaceWatchTest, AnotherThreadsStackIsShared) {
  EXPECT_TRUE(write(0, kOneStack, kOtherStack + 0x40));
  read(1, kOtherStack, kOtherStack + 0x40);
  EXPECT_EQ(area_->races, 1);
}

TEST_F(RaceWatchTest, NoThreadIsStoppedBehindAnAtomicInstructionButItMeetsOne) {
  const RaceWatch::Access atomic{
      .instruction = kStore, .address = kShared, .bytes = 4, .writes = true, .kind = RaceWatch::Kind::atomic};
  EXPECT_FALSE(access(0, kOneStack, atomic));
  EXPECT_TRUE(read(1, kOtherStack));
  access(0, kOneStack, atomic);
  ASSERT_EQ(area_->races, 1);
  EXPECT_EQ(area_->race[0].second.atomic, 1);
}

TEST_F(RaceWatchTest, AnAccessToTheCpusOwnDataIsIgnored) {
  EXPECT_TRUE(read(0, kOneStack));
  EXPECT_FALSE(access(
      1, kOtherStack,
      {.instruction = kStore, .address = kShared, .bytes = 4, .writes = true, .kind = RaceWatch::Kind::ignored}));
  EXPECT_EQ(area_->races, 0);
}

TEST_F(RaceWatchTest, ALoopIsStoppedMoreOftenIfItsMemoryIsShared) {
  const auto stops_in_loop = [this](bool shared) {
    begin();
    if (shared) {
      write(1, kOtherStack);
      finish(1, kOtherStack, kStore + 4);
    }
    const std::uint64_t before = area_->pauses;
    for (int i = 0; i < 10'000; ++i)
      if (write(0, kOneStack)) finish(0, kOneStack, kStore + 4);
    return area_->pauses - before;
  };
  EXPECT_LE(stops_in_loop(false), 3);
  EXPECT_GT(stops_in_loop(true), 20);
  EXPECT_LE(stops_in_loop(true), 40);
}

TEST_F(RaceWatchTest, AllStopsTogetherAreLimited) {
  std::uint64_t held = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const RaceWatch::Access one{.instruction = kStore + 8 * i, .address = kShared + 8 * i, .bytes = 8, .writes = true};
    if (access(0, kOneStack, one)) finish(0, kOneStack, one.instruction + 4);
    held = area_->held;
  }
  EXPECT_LT(held, 130'000'000);
  EXPECT_GT(held, 100'000'000);
}

TEST_F(RaceWatchTest, TheSameSeedGivesTheSameStops) {
  const auto held_with = [this](std::uint64_t seed) {
    begin(seed);
    for (int i = 0; i < 500; ++i) {
      write(0, kOneStack);
      finish(0, kOneStack, kStore + 4);
      read(1, kOtherStack);
      finish(1, kOtherStack, kLoad + 4);
    }
    return area_->held;
  };
  const std::uint64_t first = held_with(1);
  EXPECT_EQ(held_with(1), first);
  EXPECT_NE(held_with(2), first);
}

TEST_F(RaceWatchTest, PlacesWhereInitFunctionsCanBeginAreNotedOnce) {
  area_ = std::make_unique<wire::RaceArea>();  // too large for the stack
  area_->request.add_entry(0x10);
  watch_->begin(*area_);
  for (int i = 0; i < 3; ++i) {
    waits(0, kOneStack, 0xffffffffc0301010);
    waits(0, kOneStack, 0xffffffffc0301014);
  }
  EXPECT_EQ(area_->entries, 1);
  EXPECT_EQ(area_->entry[0], 0xffffffffc0301010);
}

RaceWatch::Kind kind(std::initializer_list<unsigned char> code) {
  return kind_of_instruction({code.begin(), code.size()});
}

TEST(InstructionKind, KnowsWhereAThreadCanBeStopped) {
  using Kind = RaceWatch::Kind;
  EXPECT_EQ(kind({0x8b, 0x05, 1, 2, 3, 4}), Kind::plain) << "mov 0x4030201(%rip),%eax";
  EXPECT_EQ(kind({0x48, 0x89, 0x03}), Kind::plain) << "mov %rax,(%rbx)";
  EXPECT_EQ(kind({0x83, 0x05, 1, 2, 3, 4, 1}), Kind::plain) << "addl $1,0x4030201(%rip)";
  EXPECT_EQ(kind({0x0f, 0xb6, 0x03}), Kind::plain) << "movzbl (%rbx),%eax";
  EXPECT_EQ(kind({0xff, 0x03}), Kind::plain) << "incl (%rbx)";
  EXPECT_EQ(kind({0xf0, 0xff, 0x03}), Kind::atomic) << "lock incl (%rbx)";
  EXPECT_EQ(kind({0x48, 0x87, 0x03}), Kind::atomic) << "xchg %rax,(%rbx)";
  EXPECT_EQ(kind({0xf0, 0x48, 0x0f, 0xb1, 0x13}), Kind::atomic) << "lock cmpxchg %rdx,(%rbx)";
  EXPECT_EQ(kind({0x48, 0x0f, 0xc1, 0x03}), Kind::atomic) << "xadd %rax,(%rbx)";
  EXPECT_EQ(kind({0x65, 0xff, 0x05, 1, 2, 3, 4}), Kind::ignored) << "incl %gs:0x4030201(%rip)";
  EXPECT_EQ(kind({0xf3, 0x48, 0xab}), Kind::unbroken) << "rep stos";
  EXPECT_EQ(kind({0xff, 0x13}), Kind::unbroken) << "call *(%rbx)";
  EXPECT_EQ(kind({0x41, 0xff, 0x23}), Kind::unbroken) << "jmp *(%r11)";
  EXPECT_EQ(kind({0xff, 0x33}), Kind::unbroken) << "push (%rbx)";
  EXPECT_EQ(kind({0xc3}), Kind::unbroken) << "ret";
  EXPECT_EQ(kind({0x0f, 0x84, 1, 2, 3, 4}), Kind::unbroken) << "je";
  EXPECT_EQ(kind({}), Kind::plain);
}

}  // namespace
}  // namespace kmodtest::emulator
