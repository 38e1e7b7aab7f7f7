// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/debounce.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using namespace std::chrono_literals;

class DebounceTest : public ::testing::Test {
 protected:
  Debounce::Time at(std::chrono::milliseconds after) const { return start_ + after; }
  const Debounce::Time start_{1h};
  Debounce debounce_{50ms, 500ms};
};

TEST_F(DebounceTest, WithoutAChangeThereIsNothingToDo) {
  EXPECT_FALSE(debounce_.due());
}

TEST_F(DebounceTest, OneChangeIsActedUponWhenItIsQuiet) {
  debounce_.note(at(0ms));
  EXPECT_EQ(debounce_.due(), at(50ms));
}

TEST_F(DebounceTest, ABurstIsOneChange) {
  for (const auto now : {0ms, 20ms, 40ms, 80ms}) debounce_.note(at(now));
  EXPECT_EQ(debounce_.due(), at(130ms));
}

TEST_F(DebounceTest, ABurstWithoutAnEndIsActedUponAllTheSame) {
  for (auto now = 0ms; now <= 2000ms; now += 10ms) debounce_.note(at(now));
  EXPECT_EQ(debounce_.due(), at(500ms));
}

TEST_F(DebounceTest, TheNextBurstHasItsOwnTime) {
  debounce_.note(at(0ms));
  debounce_.reset();
  EXPECT_FALSE(debounce_.due());
  debounce_.note(at(700ms));
  debounce_.note(at(710ms));
  EXPECT_EQ(debounce_.due(), at(760ms));
}

}  // namespace
}  // namespace kmodtest::run
