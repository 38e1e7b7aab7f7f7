// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/held_locks.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <string>

#include "race_history.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kOne = 0xffffffffc0213400, kTwo = 0xffffffffc0213420;

std::string held(const RaceHistory &history, std::uint32_t thread = 0) {
  std::string all;
  for (const HeldLock &lock : held_locks(history.events, thread, history.functions()))
    all += std::string(lock.function->lock) + (lock.address == kOne ? " one;" : " two;");
  return all;
}

TEST(HeldLocks, AreThoseThatWereTakenAndNotGivenBack) {
  RaceHistory history;
  history.call(0, "mutex_lock", kOne).call(0, "_raw_spin_lock_irqsave", kTwo);
  EXPECT_EQ(held(history), "mutex one;spinlock two;");
  EXPECT_EQ(held(history, 1), "") << "another thread's";
  history.call(0, "mutex_unlock", kOne);
  EXPECT_EQ(held(history), "spinlock two;");
  history.call(0, "_raw_spin_unlock_irqrestore", kTwo);
  EXPECT_EQ(held(history), "");
}

TEST(HeldLocks, ALockThatOneWaitsForIsNotHeld) {
  RaceHistory history;
  history.begin(0, "mutex_lock", kOne);
  EXPECT_EQ(held(history), "");
  history.end();
  EXPECT_EQ(held(history), "mutex one;");
}

TEST(HeldLocks, AttemptsCountIfTheySucceed) {
  RaceHistory history;
  history.call(0, "mutex_trylock", kOne, 0);
  EXPECT_EQ(held(history), "");
  history.call(0, "mutex_trylock", kOne, 1);
  EXPECT_EQ(held(history), "mutex one;");
  history.call(0, "down_interruptible", kTwo, static_cast<std::uint64_t>(-EINTR));
  EXPECT_EQ(held(history), "mutex one;");
  history.call(0, "down_interruptible", kTwo, 0);
  EXPECT_EQ(held(history), "mutex one;semaphore two;");
}

TEST(HeldLocks, TheirFirstArgumentIsTakenFromTheCall) {
  RaceHistory history;
  history.begin(0, "mutex_lock", kOne).call(0, "an_unknown_function", kTwo).begin(0, "mutex_lock", kTwo).end().end();
  EXPECT_EQ(held(history), "mutex two;mutex one;");
}

TEST(HeldLocks, AWriteToTheLockGivesItBack) {
  RaceHistory history;
  history.call(0, "_raw_spin_lock", kOne).access(0, kOne, RaceHistory::Event::kWrites, 1);
  EXPECT_EQ(held(history), "");
}

TEST(Allocations, TheLastOneThatGaveTheMemoryIsFound) {
  RaceHistory history;
  history.call(0, "__kmalloc", 100, RaceHistory::kObject).call(1, "kfree", RaceHistory::kObject);
  history.call(1, "__kmalloc", 40, RaceHistory::kObject);
  const auto found = [&history](std::uint64_t address) {
    return allocation_of(history.events, address, history.functions());
  };
  ASSERT_TRUE(found(RaceHistory::kObject + 39));
  EXPECT_EQ(found(RaceHistory::kObject + 39)->thread, 1);
  EXPECT_EQ(found(RaceHistory::kObject + 40)->thread, 0);
  EXPECT_FALSE(found(RaceHistory::kObject + 100));
  EXPECT_FALSE(found(RaceHistory::kObject - 1));
}

TEST(Allocations, OneThatFailedGaveNothing) {
  RaceHistory history;
  history.call(0, "__kmalloc", 100, 0);
  EXPECT_FALSE(allocation_of(history.events, 50, history.functions()));
}

}  // namespace
}  // namespace kmodtest::run
