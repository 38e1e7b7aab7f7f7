// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/trend.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace kmodtest::observe {
namespace {

/// Returns counts that are ten rounds apart.
std::vector<CountAt> every_ten(std::initializer_list<std::int64_t> values) {
  std::vector<CountAt> counts;
  for (const std::int64_t value : values) counts.push_back({static_cast<std::uint32_t>(10 * counts.size()), value});
  return counts;
}

std::string words(const std::vector<CountAt> &counts) {
  const auto trend = estimate_trend(counts);
  if (!trend) return "unknown";
  return fmt::format("{:.2f} ({:.2f}..{:.2f}) over {}{}", trend->slope, trend->low, trend->high, trend->rounds,
                     trend->grows ? ", grows" : "");
}

TEST(Trend, OneObjectPerRoundIsSure) {
  EXPECT_EQ(words(every_ten({1433, 1443, 1453, 1463, 1473, 1483, 1493, 1503, 1513, 1523, 1533})),
            "1.00 (1.00..1.00) over 100, grows");
}

TEST(Trend, ALeakUnderNoiseGrows) {
  // Whole pages of a 6.1 guest whose module leaked one per round.
  EXPECT_EQ(words(every_ten({1732, 1776, 1816, 1856, 1896, 1940, 1980, 2020, 2060, 2100, 2140})),
            "4.08 (3.96..4.20) over 100, grows");
}

TEST(Trend, NothingStaysNothing) {
  EXPECT_EQ(words(every_ten({7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7})), "0.00 (0.00..0.00) over 100");
}

TEST(Trend, AJumpOrTwoIsNoLeak) {
  EXPECT_EQ(words(every_ten({0, 0, 0, 34, 34, 34, 34, 34, 34, 34, 34})), "0.34 (-0.43..1.11) over 100");
  EXPECT_FALSE(estimate_trend(every_ten({0, 0, 21, 21, 21, 21, 42, 42, 42, 42, 42}))->grows);
}

TEST(Trend, ACountThatGoesUpAndDownIsNoLeak) {
  EXPECT_FALSE(estimate_trend(every_ten({546, 672, 668, 714, 630, 798, 636, 663, 669, 630, 630}))->grows);
  EXPECT_FALSE(estimate_trend(every_ten({173, 87, 81, 138, 96, 161, 101, 161, 161, 93, 184}))->grows);
}

TEST(Trend, ASawtoothIsNoLeak) {
  // Memory that is freed in bulk from time to time, such as by kfree_rcu() since 6.3.
  EXPECT_FALSE(estimate_trend(every_ten({0, 10, 20, 30, 40, 0, 10, 20, 30, 40, 0}))->grows);
  EXPECT_FALSE(estimate_trend(every_ten({0, 10, 20, 30, 40, 0, 10, 20, 30, 40, 50}))->grows);
}

TEST(Trend, FewSureRisesAreNotMost) {
  // Per-CPU memory grows by whole pages: too few steps to rule out chance.
  EXPECT_EQ(words(every_ten({536, 536, 536, 560, 560, 584, 584, 608, 608, 608, 632})), "0.96 (0.07..1.85) over 100");
}

TEST(Trend, WhatShrinksDoesNotGrow) {
  EXPECT_FALSE(estimate_trend(every_ten({90, 80, 70, 60, 50, 40}))->grows);
}

TEST(Trend, TooFewCountsSayNothing) {
  EXPECT_EQ(words({}), "unknown");
  EXPECT_EQ(words(every_ten({1, 2, 3})), "unknown");
  EXPECT_EQ(words({{5, 1}, {5, 2}, {5, 3}, {5, 4}}), "unknown");
}

TEST(Trend, StretchesOfUnequalLengthCountByTheirRounds) {
  EXPECT_EQ(words({{0, 0}, {1, 2}, {3, 6}, {6, 12}, {10, 20}}), "2.00 (2.00..2.00) over 10, grows");
}

TEST(Trend, PureChanceIsRarelyTakenForALeak) {
  std::mt19937 random(1);  // the same numbers in every run
  int accused = 0;
  constexpr int kTries = 2000;
  for (int i = 0; i < kTries; ++i) {
    std::vector<CountAt> counts;
    std::int64_t level = 1000;
    for (std::uint32_t rounds = 0; rounds <= 100; rounds += 10) {
      counts.push_back({rounds, level});
      level += static_cast<std::int64_t>(random() % 41) - 20;
    }
    if (estimate_trend(counts)->grows) ++accused;
  }
  // One in forty is above a 95% interval by chance.
  EXPECT_LT(accused, kTries / 25);
}

}  // namespace
}  // namespace kmodtest::observe
